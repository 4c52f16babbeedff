"""A Trainer trains what its config says, from Python as from the command line."""

import json
import math

import pytest

from stride.callbacks.base import Callback
from stride.errors import ComponentError, ConfigError
from stride.runs.files.jsonl import read_lines
from stride.runs.run import Run
from stride.trainer.fit.kind import Supervised
from stride.trainer.trainer import Trainer
from stride.trainers.active.trainer import ActiveTrainer

SHORT = {
    "dataset_kwargs": {"subsample_rate": 0.1},
    "model_kwargs": {"model_name": "MLP", "hidden": [4]},
    "training_config": {"max_epochs": 1},
    "active_config": {"num_rounds": 1, "num_queries": 4, "start_size": 6},
    "logging_config": {"terminal_display": "off"},
}


class Own(Trainer):
    """A trainer of the user's."""


def test_a_trainer_is_of_the_kind_that_any_layer_names(tmp_path):
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_text(json.dumps({"trainer": "active"}))
    (tmp_path / "c.toml").write_text('trainer = "active"\nwork_dir = "w"\n')
    named = {"trainer": "active"}
    active = [
        Trainer(tmp_path, **named),
        Trainer(tmp_path / "base"),
        Trainer(tmp_path / "c.toml"),
        Trainer(config_file=str(tmp_path / "c.toml")),
        Trainer(tmp_path, overrides=["trainer=active"]),
        Trainer({"work_dir": str(tmp_path), **named}),
        Trainer(tmp_path, **named, callbacks=[Callback()], active_config={"num_rounds": 2}),
        ActiveTrainer(tmp_path),
    ]
    assert [type(one) for one in active] == [ActiveTrainer] * len(active)
    assert {one.config.trainer for one in active} == {"active"}
    assert type(Trainer(tmp_path)) is Trainer
    assert type(Trainer(tmp_path, trainer=f"{__name__}:Own")) is Own
    assert Own(tmp_path).config.trainer == "supervised"


class OfAnotherKind(Trainer):
    """A trainer of the user's, of a kind of its own."""

    kind = type("OwnKind", (Supervised,), {})


def test_a_trainer_of_a_kind_of_its_own_is_named_by_the_config(tmp_path):
    name = f"{__name__}:OfAnotherKind"
    with pytest.raises(ConfigError, match="trainer=supervised, and this is OfAnotherKind"):
        OfAnotherKind(tmp_path)
    with pytest.raises(ConfigError, match=rf"type: Trainer\(..., trainer='{name}'\), or "):
        OfAnotherKind(tmp_path)
    assert type(Trainer(tmp_path, trainer=name)) is OfAnotherKind


class Idle(Trainer):
    """A trainer of a kind that has no loop."""

    kind = type("NoLoop", (Supervised,), {"loops": lambda self, session: iter(())})


def test_a_kind_without_a_loop_does_not_pass_for_a_training(tmp_path):
    with pytest.raises(ComponentError, match=r"NoLoop has yielded no loop.*yield session.loop\(\)"):
        Trainer(tmp_path / "w", trainer=f"{__name__}:Idle", **SHORT).fit()
    assert Run(tmp_path / "w" / "0").status["state"] == "failed"


class Other(Trainer):
    """A trainer whose evaluation gives another metric than is followed."""

    kind = type(
        "Counting",
        (Supervised,),
        {"evaluate": lambda *_: {"validation/count": 1.0}, "evaluates": ("validation",)},
    )


def test_what_an_evaluation_gives_instead_is_named(tmp_path, caplog):
    assert math.isnan(Trainer(tmp_path / "w", trainer=f"{__name__}:Other", **SHORT).fit())
    assert (
        "validation/epoch_loss; type: training_config.saving_metric=validation/count" in caplog.text
    )


def test_what_it_says_is_trained_and_recorded(tmp_path):
    trainer = Trainer(tmp_path / "w", trainer="active", **SHORT)
    trainer.fit()
    run = Run(tmp_path / "w" / "0")
    assert run.raw_config["trainer"] == "active"
    assert [row["labelled"] for row in read_lines(run.paths.rounds)] == [6, 10]


@pytest.mark.parametrize("kind", [Own, ActiveTrainer])
def test_a_kind_that_is_called_by_name_refuses_another(tmp_path, kind):
    other = "active" if kind is Own else "supervised"
    with pytest.raises(ConfigError, match=f"trainer={other}, and this is {kind.__name__}") as found:
        kind(tmp_path / "w", trainer=other)
    assert found.value.hint == f"type: Trainer(..., trainer={other!r})"
    with pytest.raises(ConfigError, match=f"trainer={other}"):
        kind(tmp_path / "w", **SHORT).fit({"trainer": other})
    with pytest.raises(ConfigError, match="trainer="):
        Trainer(tmp_path / "w", **SHORT).fit({"trainer": f"{__name__}:Own"})
    assert not (tmp_path / "w").exists()


def test_a_run_of_another_kind_is_not_gone_on_with(tmp_path):
    Trainer(tmp_path / "w", trainer="active", **SHORT).fit()
    with pytest.raises(ConfigError, match="trainer=active"):
        Trainer(tmp_path / "w").fit(resume=0, max_epochs=3)
    with pytest.raises(ConfigError, match="trainer=active"):
        Trainer(tmp_path / "w").reproduce(0)


@pytest.mark.parametrize("name", ["json:dumps", "stride.runs.run:Run"])
def test_what_is_no_trainer_is_refused(tmp_path, name):
    with pytest.raises(ComponentError, match="is not a trainer"):
        Trainer(tmp_path, trainer=name)
