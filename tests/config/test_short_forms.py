"""Other spellings and the one name they stand for."""

from typing import Any

import pytest

from stride.config.resolve import resolve_layers
from stride.config.schema import Config
from stride.config.short_forms import fold_config, fold_layer, work_dir_of
from stride.errors import ConfigError


def config(**values: Any) -> Config:
    return Config.from_json({"work_dir": "w", **values})


def test_a_device_in_the_training_section_moves_to_the_root() -> None:
    assert fold_layer({"training_config": {"device": "cpu"}}) == {
        "training_config": {},
        "device": "cpu",
    }
    assert fold_layer({"device": "cpu", "training_config": {"device": "cpu"}})["device"] == "cpu"


def test_two_different_devices_in_one_layer_are_refused() -> None:
    with pytest.raises(ConfigError, match='asks for device="cpu", but device is "cuda"'):
        fold_layer({"device": "cuda", "training_config": {"device": "cpu"}})


def test_a_stronger_layer_chooses_another_device() -> None:
    arguments = {"training_config": {"device": "cpu"}}
    resolved = resolve_layers(work_dir="w", arguments=arguments, overrides=["device=cuda"])
    assert resolved.config.device == "cuda"
    resolved = resolve_layers(
        work_dir="w", arguments={"device": "cuda"}, overrides=["training_config.device=cpu"]
    )
    assert (resolved.config.device, resolved.origin("device")) == ("cpu", "override 1")


def test_results_dir_and_experiment_make_the_work_dir() -> None:
    folder = {"training_config": {"results_dir": "out", "experiment": "first"}}
    assert work_dir_of(folder) == "out/first"
    assert fold_config(folder)["work_dir"] == "out/first"
    assert fold_config({"training_config": {"results_dir": "out"}})["work_dir"] == "out/default"
    resolved = resolve_layers(arguments=folder)
    assert (resolved.config.work_dir, resolved.origin("work_dir")) == ("out/first", "argument")


def test_results_dir_against_work_dir_is_refused_in_one_layer() -> None:
    with pytest.raises(ConfigError, match='asks for work_dir="out/default", but work_dir is "w"'):
        config(training_config={"results_dir": "out"})


def test_the_stronger_of_results_dir_and_work_dir_wins() -> None:
    arguments = {"training_config": {"results_dir": "out"}}
    assert resolve_layers(arguments=arguments, overrides=["work_dir=w"]).config.work_dir == "w"
    texts = ["training_config.results_dir=007", "training_config.experiment=1e3"]
    assert resolve_layers(work_dir="w", overrides=texts).config.work_dir == "007/1e3"


def test_results_dir_must_be_text() -> None:
    with pytest.raises(ConfigError, match=r"training_config\.results_dir must be text, not 3"):
        config(training_config={"results_dir": 3})


def test_milestones_are_a_short_form_of_checkpoints() -> None:
    found = config(training_config={"use_milestones": True, "milestone_every": 5})
    assert found.checkpoint_config.every_epochs == found.checkpoint_config.keep_every == 5
    found = config(training_config={"milestone_every": 5})
    assert found.checkpoint_config.every_epochs is None


def test_milestones_against_other_checkpoints_are_refused() -> None:
    given = {
        "training_config": {"use_milestones": True},
        "checkpoint_config": {"every_epochs": 3},
    }
    with pytest.raises(ConfigError, match=r"checkpoint_config\.every_epochs is 3; leave out one"):
        config(**given)


def test_save_best_and_keep_best_agree() -> None:
    assert config(training_config={"save_best": False}).checkpoint_config.keep_best == 0
    assert config(checkpoint_config={"keep_best": 0}).training_config.save_best is False
    for training, checkpoint in (({"save_best": False}, {"keep_best": 2}),
                                 ({"save_best": True}, {"keep_best": 0})):  # fmt: skip
        with pytest.raises(ConfigError, match="leave out one of the two"):
            config(training_config=training, checkpoint_config=checkpoint)


@pytest.mark.parametrize(
    ("first", "override", "expected"),
    [
        ({"use_milestones": True}, "training_config.milestone_every=5", (5, 5, 1)),
        ({"use_milestones": True}, "training_config.use_milestones=false", (None, None, 1)),
        ({"save_best": False}, "training_config.save_best=true", (None, None, 1)),
        ({"save_best": True}, "training_config.save_best=false", (None, None, 0)),
    ],
)
def test_a_resolved_config_as_a_layer_lets_a_short_form_change(
    first: dict[str, Any], override: str, expected: tuple[int | None, ...]
) -> None:
    stored = config(training_config=first).to_json()
    found = resolve_layers(arguments=stored, overrides=[override]).config.checkpoint_config
    assert (found.every_epochs, found.keep_every, found.keep_best) == expected


def test_the_origin_of_a_long_form_is_that_of_the_short() -> None:
    texts = ["seed=1", "training_config.use_milestones=true", "training_config.save_best=false"]
    resolved = resolve_layers(work_dir="w", overrides=texts)
    assert resolved.origin("checkpoint_config.keep_every") == "override 2"
    assert resolved.origin("checkpoint_config.keep_best") == "override 3"


def test_a_section_that_is_no_table_is_left_for_the_schema_to_refuse() -> None:
    with pytest.raises(ConfigError, match="training_config must be a table of keys, not 3"):
        config(training_config=3)
