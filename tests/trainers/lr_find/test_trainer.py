"""A range test as a run: its rates, rows, end, weights and what it refuses."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from stride.callbacks.base import Callback
from stride.errors import ConfigError, RunError
from stride.models.steps.step import Step
from stride.runs.files.jsonl import read_lines
from stride.runs.listing.query import best_of
from stride.runs.verify.run import verify_run
from stride.trainer.starts.loaded import load_run
from stride.trainer.trainer import Trainer
from stride.trainers.lr_find.range_test import LOSS, SUGGESTION
from stride.trainers.lr_find.trainer import LrFindTrainer

SMALL: dict[str, Any] = {
    "device": "cpu",
    "model_kwargs": {"model_name": "MLP", "hidden": [16]},
    "optimizer_kwargs": {"optimizer_name": "SGD"},
    "logging_config": {"terminal_display": "off"},
}


def made(folder: Path, callbacks: Any = (), model: Any = None, **config: Any) -> LrFindTrainer:
    test = {"min_lr": 1e-4, "max_lr": 100.0, "num_steps": 40, **config.pop("lr_find_config", {})}
    trainer = LrFindTrainer(folder, callbacks=callbacks, lr_find_config=test, **SMALL | config)
    if model is not None:
        trainer.set_model(model)
    return trainer


def fitted(folder: Path, callbacks: Any = (), **config: Any) -> LrFindTrainer:
    trainer = made(folder, callbacks, **config)
    trainer.fit()
    return trainer


def steps_of(trainer: LrFindTrainer) -> list[dict[str, Any]]:
    return [row for row in read_lines(trainer.run.paths.metrics) if LOSS in row]


class Rates(Callback):
    """Note what the optimiser has when it moves the weights."""

    def __init__(self) -> None:
        self.seen: list[list[float]] = []

    def after_step(self, trainer: Any, step: Step) -> None:
        self.seen.append([group["lr"] for group in trainer.optimizer.param_groups])


class Stop(Callback):
    """Ask for the end after a step."""

    def after_step(self, trainer: Any, step: Step) -> None:
        if trainer.state.step == 12:
            trainer.stop("enough")


class Root(nn.Module):
    """A loss that falls with its one weight, and is not a number below 0."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def training_step(self, batch: Any) -> Step:
        return Step(self.weight.sqrt().sum(), len(batch[0]))


def test_each_step_has_its_rate_and_its_row_until_the_loss_diverges(tmp_path: Path) -> None:
    rates = Rates()
    trainer = fitted(tmp_path, [rates])
    curve, rows = trainer.curve, steps_of(trainer)
    assert [row["step"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row[LOSS] for row in rows] == curve.losses
    assert [[row["lr"]] for row in rows] == rates.seen == [[rate] for rate in curve.rates]
    names = {name for row in read_lines(trainer.run.paths.metrics) for name in row}
    assert names == {"step", "epoch", "time", LOSS, "lr", "train/epoch_loss", SUGGESTION}
    rate, status, results = trainer.suggestion, trainer.run.status, trainer.run.results
    assert rate is not None and 1e-3 < rate < 1 and results["last"][SUGGESTION] == rate
    told = f"lr {rate:.2g} is suggested; the smoothed loss is beyond 4 times its best at lr "
    assert status["state"] == "done" and status["reason"].startswith(told)
    assert len(rows) < 40 and verify_run(trainer.run.paths.path).problems == []
    (figure,) = load_run(tmp_path, 0).artifacts()
    assert figure["path"].read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(RunError, match=r"beyond 4 times .* nothing is left .* start a new one"):
        made(tmp_path).fit(resume=0, max_steps=80)
    assert results["best"] == {} and "monitor" not in results
    Trainer(tmp_path, training_config={"max_epochs": 1}, **SMALL).fit()
    assert best_of(tmp_path).name == "1"


def test_what_is_stopped_and_resumed_goes_on_with_its_losses(tmp_path: Path) -> None:
    fitted(tmp_path, [Stop()])
    assert load_run(tmp_path, 0).status["reason"] == "enough"  # and nothing is suggested yet
    again = made(tmp_path)
    again.fit(resume=0)
    rows = steps_of(again)
    assert len(rows) > 12 and [row["lr"] for row in rows] == again.curve.rates
    assert [row[LOSS] for row in rows] == again.curve.losses
    assert again.results["last"][SUGGESTION] == again.suggestion


def test_a_loss_that_is_not_finite_ends_it_and_the_weights_are_put_back(tmp_path: Path) -> None:
    network = Root()
    trainer = made(tmp_path, model=network)
    trainer.fit()
    reason = trainer.run.status["reason"]
    assert trainer.run.status["state"] == "done" and "the loss is not finite at lr" in reason
    rows = steps_of(trainer)
    assert rows[-1][LOSS] == "NaN" and len(rows) == len(trainer.curve.losses) + 1 < 40
    assert 0 < rows[-2][LOSS] < 1 and network.weight.item() == 1
    with pytest.raises(RunError, match="not finite at lr"):
        made(tmp_path, model=Root()).fit(resume=0, max_steps=80)


def test_groups_keep_their_proportions_and_are_suggested_in_them(tmp_path: Path) -> None:
    rates = Rates()
    groups = [{"match": "*.bias", "lr": 0.02}, {"match": "1.*", "name": "first"}]
    optimizer = {"optimizer_name": "SGD", "lr": 0.01, "groups": groups}
    trainer = fitted(tmp_path, [rates], optimizer_kwargs=optimizer)
    for seen, rate in zip(rates.seen, trainer.curve.rates, strict=True):
        assert sorted(seen) == pytest.approx([rate, rate, 2 * rate][-len(seen) :])
    found = trainer.suggested_overrides
    rate = found["optimizer_kwargs.lr"]
    assert rate == pytest.approx(trainer.suggestion, rel=0.05)
    assert found["optimizer_kwargs.groups"][0]["lr"] == pytest.approx(2 * rate, rel=0.1)
    config = SMALL | {"optimizer_kwargs": optimizer}
    follower = Trainer(tmp_path, overrides=found, **config)
    assert follower.config.optimizer_kwargs.constructor_kwargs["lr"] == rate


def test_what_is_for_the_training_that_follows_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as where it is not installed
    schedule = {"scheduler_name": "OneCycleLR", "max_lr": 1.0}
    training = {"max_epochs": 1, "early_stopping": True, "evaluate_every_steps": 1}
    average = {"kind": "ema"}
    config = {"scheduler_kwargs": schedule, "training_config": training, "average_config": average}
    trainer = fitted(tmp_path, lr_find_config={"num_steps": 12}, **config)
    assert "a range test goes without the schedule OneCycleLR" in caplog.text
    assert "matplotlib is not installed; type: pip install" in caplog.text
    assert [row["lr"] for row in steps_of(trainer)] == trainer.curve.rates
    assert len(trainer.curve.rates) == 12 and trainer.run.config.scheduler_kwargs.interval is None


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"lr_find_config": {"min_lr": 1.0, "max_lr": 0.1}}, "is not above min_lr=1"),
        ({"lr_find_config": {"num_steps": 9}}, "greater than or equal to 10, not 9"),
        ({"optimizer_kwargs": {"lr": 0.0}}, r"in proportion to optimizer_kwargs.lr, which is 0.0"),
        ({"optimizer_kwargs": {}, "optimizers": {"a": {"match": "*"}}}, "there are several"),
    ],
)
def test_what_cannot_be_done_is_refused_before_there_is_a_run(
    tmp_path: Path, config: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        fitted(tmp_path / "none", **config)
    assert not (tmp_path / "none").exists()


def test_it_does_not_begin_behind_the_steps_of_another_training(tmp_path: Path) -> None:
    Trainer(tmp_path, training_config={"max_steps": 2}, **SMALL).fit()
    with pytest.raises(RunError, match="begins with its first step"):
        made(tmp_path).fork(0, "last", {"trainer": "lr_find"})
    assert [run.name for run in sorted(tmp_path.iterdir()) if run.name.isdigit()] == ["0"]
