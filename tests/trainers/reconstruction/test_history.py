"""Weights that got worse are exchanged for the best ones, and optimisers know what they are to."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from stride.callbacks.base import Callback
from stride.models.model import network_part
from stride.models.weights import read_weights
from stride.trainer.starts.loaded import load_run
from tests.trainers.reconstruction.trainings import (
    Losses,
    fitted,
    made,
    record_of,
    rows_of,
    tensors,
)


def alike(one: Any, other: Any) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def lowest(losses: list[float]) -> list[int]:
    """Return after each epoch which one so far had the lowest loss."""
    return [min(range(n + 1), key=losses.__getitem__) for n in range(len(losses))]


def test_after_a_worse_epoch_the_weights_of_the_best_one_go_on(tmp_path: Path) -> None:
    losses = Losses()
    trainer = fitted(tmp_path, [losses])
    rows = rows_of(trainer)
    swapped = [n for n, row in enumerate(rows) if row["swapped"] == "1"]
    worse = [n + 1 for n, best in enumerate(lowest(losses.losses)) if best != n]
    assert swapped == worse and {2, 4} <= {*swapped} < {*range(7)}
    for n, best in enumerate(lowest(losses.losses[:-1])):  # best + 1 epochs were done then
        if best != n:
            assert alike(losses.begun[n + 1], losses.begun[best + 1])
            means = [name for name in rows[0] if "/" in name]
            assert [rows[n + 1][name] for name in means] == [rows[best + 1][name] for name in means]


@pytest.mark.parametrize("history", ["off", "restore_best"])
def test_without_a_swap_each_epoch_goes_on_from_the_last_one(tmp_path: Path, history: str) -> None:
    losses = Losses()
    trainer = fitted(tmp_path, [losses], reconstruction_config={"history": history})
    assert {row["swapped"] for row in rows_of(trainer)} == {"0"}
    assert not any(alike(*pair) for pair in zip(losses.begun, losses.begun[1:], strict=False))


@pytest.mark.parametrize("history", ["swap", "off", "restore_best"])
def test_the_final_model_is_that_of_the_weights_its_rows_and_its_examples(
    tmp_path: Path, history: str
) -> None:
    config = {"reconstruction_config": {"history": history}, "training_config": {"max_epochs": 4}}
    trainer = fitted(tmp_path, **config)
    record, paths = record_of(trainer), trainer.run.paths
    row = rows_of(trainer)[record.epoch]
    assert (record.epoch == 4) == (history == "off")
    for split, of in record.splits.items():
        for name, one in of.errors.items():
            assert [one.mean, one.deviation] == [
                float(row[f"{split}/{name}{end}"]) for end in ("", "_std")
            ]
    loaded, examples = load_run(paths.path).model, tensors(paths.examples)
    with torch.inference_mode():
        assert torch.equal(loaded(examples["test/inputs"]), examples["test/outputs/final"])
    assert alike(read_weights(paths.weights), network_part(trainer.model.state_dict()))
    errors, numbers = tensors(paths.final_errors)["test/l1"], examples["test/numbers"]
    own = (examples["test/outputs/final"] - examples["test/inputs"]).abs().flatten(1).mean(1)
    torch.testing.assert_close(own, errors[numbers])


class Moments(Callback):
    """Note the first moments with which each epoch begins, and the rates."""

    def __init__(self) -> None:
        self.seen: list[list[torch.Tensor]] = []
        self.rates: list[float] = []

    def before_epoch(self, trainer: Any) -> None:
        states = trainer.optimizer.state.values()
        self.seen.append([held["exp_avg"].clone() for held in states])
        self.rates.append(trainer.optimizer.param_groups[0]["lr"])


@pytest.mark.parametrize("option", ["keep", "reset", "restore"])
def test_what_the_optimizer_knows_after_a_swap_is_an_option(tmp_path: Path, option: str) -> None:
    losses, moments = Losses(), Moments()
    config = {
        "reconstruction_config": {"optimizer_state": option},
        "scheduler_kwargs": {"scheduler_name": "StepLR", "step_size": 1, "gamma": 0.9},
        "training_config": {"max_epochs": 3},
    }
    fitted(tmp_path, [losses, moments], **config)
    assert lowest(losses.losses)[1] == 0  # after the second epoch the first one's weights go on
    _, first, second = moments.seen
    if option == "reset":
        assert second == []
    else:
        same = all(torch.equal(*pair) for pair in zip(first, second, strict=True))
        assert same == (option == "restore")
    assert moments.rates == pytest.approx([0.1 * 0.9**n for n in range(3)])


class Lost(Callback):
    """Let an evaluation give no number."""

    def after_evaluate(self, trainer: Any, metrics: dict[str, float]) -> None:
        if trainer.state.epoch == 2:
            metrics["validation/epoch_loss"] = math.nan


def test_a_loss_that_is_no_number_is_worse_than_any(tmp_path: Path) -> None:
    trainer = made(tmp_path, [Lost()], training_config={"max_epochs": 2})
    trainer.fit()
    assert [row["swapped"] for row in rows_of(trainer)] == ["0", "0", "1"]
