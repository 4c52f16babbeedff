"""The whole config, its bounds and its JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stride.config.schema import OPEN_SECTIONS, Config, declared_keys
from stride.config.sections.training import DEFAULT_EPOCHS, TrainingConfig
from stride.config.values import Raw
from stride.errors import ConfigError


def config(**values: Any) -> Config:
    return Config.from_json({"work_dir": "w", **values})


def test_only_the_work_dir_is_required() -> None:
    found = config()
    assert (found.run, found.seed, found.device, found.trainer) == (None, 0, "auto", "supervised")
    with pytest.raises(ConfigError, match=r"work_dir is missing; type: work_dir="):
        Config.from_json({})


def test_a_config_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        config().seed = 1  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        config().training_config.patience = 1  # type: ignore[misc]


def test_the_plan_of_names() -> None:
    assert set(OPEN_SECTIONS) == {
        "dataset_kwargs",
        "load_data_kwargs",
        "model_kwargs",
        "criterion_kwargs",
        "optimizer_kwargs",
        "scheduler_kwargs",
    }
    assert declared_keys("model_kwargs") == ("model_name", "model_seed", "init_from", "freeze")
    assert declared_keys("frozen") == ()


def test_an_open_section_tells_its_choice_and_its_free_keys() -> None:
    found = config(optimizer_kwargs={"optimizer_name": "SGD", "lr": 0.1})
    assert found.optimizer_kwargs.optimizer_name == "SGD"
    assert found.optimizer_kwargs.constructor_kwargs == {"lr": 0.1}


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("", "seed", True, "seed must be a whole number, not true"),
        ("", "seed", 1.5, "seed must be a whole number, not 1.5"),
        ("", "seed", "7", 'seed must be a whole number, not "7"'),
        ("", "seed", -1, "seed must be greater than or equal to 0, not -1"),
        ("", "work_dir", "", 'work_dir must not be empty, not ""'),
        ("", "run", True, "run must be text, not true"),
        ("", "sede", 1, "unknown key sede; did you mean 'seed'?"),
        ("", "patience", 1, "unknown key patience; did you mean 'training_config.patience'?"),
        ("", "training_confg", {}, "unknown key training_confg; did you mean 'training_config'?"),
        ("", "model_kwargs", 3, "model_kwargs must be a table of keys, not 3"),
        ("dataset_kwargs", "val_fraction", 1, "val_fraction must be less than 1, not 1"),
        ("dataset_kwargs", "subsample_rate", 0, "subsample_rate must be greater than 0, not 0"),
        ("dataset_kwargs", "subsample_rate", float("inf"), "subsample_rate must be finite"),
        ("dataset_kwargs", "normalize", "standart", "did you mean 'standard'?"),
        ("load_data_kwargs", "batch_size", 0, "must be greater than or equal to 1, not 0"),
        ("load_data_kwargs", "shuffle", 1, "shuffle must be true or false, not 1"),
        ("load_data_kwargs", "train_loader_kwargs", [], "must be a table of keys, not []"),
        ("dataset_kwargs", "dataset_name", None, "dataset_name must be text, not null"),
        ("training_config", "pateince", 1, "training_config.pateince; did you mean 'patience'?"),
        ("training_config", "precision", "fp8", "must be 'fp32', 'bf16' or 'fp16'"),
        ("training_config", "clip_grad_norm", True, "clip_grad_norm must be a number, not true"),
        ("training_config", "clip_grad_norm", float("nan"), "clip_grad_norm must be finite"),
        ("training_config", "max_steps", float("inf"), "max_steps must be a whole number"),
        ("training_config", "callbacks", "a:b", 'callbacks must be a list, not "a:b"'),
        ("training_config", "callbacks", [1], "callbacks.0 must be text, not 1"),
        ("training_config", "experiment", "a/b", "experiment must be letters, digits"),
        ("training_config", "stopping_metric", "foo", "set training_config.mode to min or max"),
        ("training_config", "saving_metric", "foo", "set training_config.saving_mode to"),
        ("logging_config", "level", "LOUD", "must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("checkpoint_config", "every_minutes", 0, "must be greater than 0, not 0"),
    ],
)
def test_a_wrong_key_or_value_is_refused(section: str, key: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config(**({section: {key: value}} if section else {key: value}))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_all_that_is_wrong_is_told_at_once_unknown_keys_first() -> None:
    with pytest.raises(ConfigError) as caught:
        config(seed=-1, sede=1, model_kwargs={"init_from": 3}, training_config={"pateince": 1})
    assert str(caught.value) == (
        "4 mistakes in the config: (1) unknown key training_config.pateince; did you mean "
        "'patience'? (2) unknown key sede; did you mean 'seed'? "
        "(3) seed must be greater than or equal to 0, not -1 "
        "(4) model_kwargs.init_from must be text, not 3"
    )
    assert [one.key for one in caught.value.each][:2] == ["training_config.pateince", "sede"]
    with pytest.raises(ConfigError, match=r"^work_dir is missing; type"):
        Config.from_json({})
    with pytest.raises(ConfigError, match=r"^unknown key work_dri"):
        Config.from_json({"work_dri": "w"})


def test_fractions_must_leave_something_to_train_on() -> None:
    with pytest.raises(ConfigError, match="leave nothing to train on; their sum must be below 1"):
        config(dataset_kwargs={"val_fraction": 0.5, "test_fraction": 0.5})


@pytest.mark.parametrize(
    ("section", "key", "given", "kept"),
    [
        ("dataset_kwargs", "normalize", True, "standard"),
        ("dataset_kwargs", "normalize", "false", "none"),
        ("training_config", "max_steps", 1e3, 1000),
        ("training_config", "min_delta", 1, 1.0),
        ("training_config", "stopping_metric", "val_loss", "validation/epoch_loss"),
        ("logging_config", "level", "debug", "DEBUG"),
    ],
)
def test_what_is_meant_is_normalised(section: str, key: str, given: Any, kept: Any) -> None:
    found = getattr(getattr(config(**{section: {key: given}}), section), key)
    assert found == kept
    assert type(found) is type(kept)


def test_a_run_may_be_given_as_a_number() -> None:
    assert config(run=0).run == "0"


def test_without_an_end_there_are_the_default_number_of_epochs() -> None:
    assert config().training_config.max_epochs == DEFAULT_EPOCHS
    assert config(training_config={"max_steps": 9}).training_config.max_epochs is None
    assert TrainingConfig(max_epochs=None).max_epochs == DEFAULT_EPOCHS


def test_sections_may_be_objects() -> None:
    found = Config(work_dir="w", training_config=TrainingConfig(save_best=False))
    assert found.checkpoint_config.keep_best == 0


def test_text_whose_type_is_undecided_is_not_written() -> None:
    with pytest.raises(ConfigError, match=r"model_kwargs\.width=8 is still text"):
        config(model_kwargs={"width": Raw("8")}).to_json()


def test_bound_sections_are_written_as_plain_json() -> None:
    found = config(
        optimizer_kwargs={"optimizer_name": "SGD", "lr": Raw("1e-1"), "old": 1},
        model_kwargs={"width": Raw("8")},
    ).with_sections({"optimizer_kwargs": {"lr": 0.1, "betas": (0.9, 0.99)}, "model_kwargs": {}})
    written = found.to_json()
    assert written["optimizer_kwargs"] == {
        "optimizer_name": "SGD",
        "groups": [],
        "lr": 0.1,
        "betas": [0.9, 0.99],
    }
    assert found.model_kwargs.constructor_kwargs == {}
    assert Config.from_json(json.loads(json.dumps(written))) == found


def test_binding_one_section_leaves_the_text_of_another() -> None:
    found = config(model_kwargs={"width": Raw("8")}).with_sections(
        {"optimizer_kwargs": {"lr": 1.0}}
    )
    assert isinstance(found.model_kwargs.constructor_kwargs["width"], Raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
FREE = st.dictionaries(st.text(min_size=1).filter(lambda name: name not in NAMES), JSON, max_size=3)
NAMES = {key for section in OPEN_SECTIONS for key in declared_keys(section)}
CONFIGS = st.fixed_dictionaries(
    {"work_dir": st.text(min_size=1)},
    optional={
        "run": st.none() | st.text(),
        "seed": st.integers(0, 2**63 - 1),
        "model_kwargs": FREE,
        "optimizer_kwargs": FREE,
        "dataset_kwargs": st.fixed_dictionaries(
            {}, optional={"val_fraction": st.floats(0, 0.5), "normalize": st.booleans()}
        ),
        "training_config": st.fixed_dictionaries(
            {},
            optional={
                "use_milestones": st.booleans(),
                "milestone_every": st.integers(1),
                "save_best": st.booleans(),
                "max_steps": st.none() | st.integers(1),
                "clip_grad_norm": st.none() | st.floats(0, exclude_min=True, allow_infinity=False),
            },
        ),
    },
)


@given(CONFIGS)
def test_json_gives_back_an_equal_config(values: dict[str, Any]) -> None:
    made = Config.from_json(values)
    written = json.dumps(made.to_json())
    again = Config.from_json(json.loads(written))
    assert again == made
    assert json.dumps(again.to_json()) == written
