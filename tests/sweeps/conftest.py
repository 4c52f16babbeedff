"""Sweeps of digits that take a moment, in the process of the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from optuna.trial import FrozenTrial

from stride.runs.work_dir import WorkDir
from stride.sweeps.sweeper import Sweeper
from stride.trainer.packs import choice
from stride.trainer.trainer import Trainer
from tests.integration.sweeps.same_sweeps import trials_of
from tests.integration.sweeps.sweeping import NAME, trainer_in


class Sweeps:
    """Ask for sweeps of one name in one work_dir.

    Args:
        work_dir: of them.
    """

    def __init__(self, work_dir: Path) -> None:
        self.work_dir = work_dir

    def trainer(self, **sections: Any) -> Trainer:
        short = {"training_config": {"max_epochs": 1}} | sections
        return trainer_in(self.work_dir, **short)

    def of(self, trainer: Trainer | None = None, **asked: Any) -> Sweeper:
        return Sweeper(trainer or self.trainer(), name=NAME, **asked)

    def run(self, trainer: Trainer | None = None, **asked: Any) -> list[str]:
        """Work on a sweep; return the runs that were new by that."""
        before = self.runs()
        self.of(trainer, **asked).run()
        return [name for name in self.runs() if name not in before]

    def runs(self) -> list[str]:
        return WorkDir(self.work_dir).names() if self.work_dir.exists() else []

    def trials(self) -> list[FrozenTrial]:
        return trials_of(self.work_dir)

    def states(self) -> list[str]:
        return [one.state.name for one in self.trials()]


@pytest.fixture
def sweeps(tmp_path: Path) -> Sweeps:
    return Sweeps(tmp_path / "w")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Let torch use one thread: these tensors are too small for more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `auto` pack nothing: whether a pack is faster is another matter on each machine."""
    monkeypatch.setattr(choice, "WIDTH", 1)


Grid = Callable[..., dict[str, Any]]


@pytest.fixture
def rates() -> Grid:
    """Return what makes a grid of learning rates."""
    return lambda *values: {"grid": {"optimizer_kwargs.lr": [*values]}}
