"""What holds for every logger, of STRIDE's or of a user's: derive from LoggerContract."""

import importlib.util
import inspect
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stride.loggers.base import Logger, Loggers, Row
from stride.loggers.csv import CsvLogger
from stride.loggers.tensorboard import TensorBoardLogger
from stride.loggers.wandb import WandbLogger
from stride.runs.layout import RunPaths

ROWS: list[dict[str, Any]] = [
    {"step": 0, "epoch": 0, "time": 1763690000.0, "lr": 0.1},
    {"step": 50, "epoch": 0, "time": 1763690001.0, "train/loss": 0.5, "lr": 0.1},
    {"step": 90, "epoch": 1, "time": 1763690002.0, "train/loss": math.nan, "x": math.inf},
    {"step": 90, "epoch": 1, "time": 1763690003.0, "validation/a, b": -math.inf, "n": 3},
    {"step": 99, "epoch": 1, "time": 1763690004.0},
]
CONFIG = {"work_dir": "w", "seed": 0, "training_config": {"metrics": None, "x": [1, "a"]}}


class LoggerContract:
    """The tests; a subclass says how to make the logger."""

    def make(self) -> Logger:
        raise NotImplementedError

    @pytest.fixture
    def paths(self, tmp_path: Path) -> RunPaths:
        (tmp_path / "work" / "0").mkdir(parents=True)
        return RunPaths(tmp_path / "work" / "0")

    def test_a_constructor_makes_no_file(self, paths: RunPaths) -> None:
        self.make()
        assert list(paths.path.iterdir()) == []

    def test_all_rows_are_taken_and_nothing_lies_outside_the_run(self, paths: RunPaths) -> None:
        before = sorted(paths.path.parents[1].iterdir())
        self.through(paths, ROWS)
        assert sorted(paths.path.parents[1].iterdir()) == before
        assert list(paths.path.parent.iterdir()) == [paths.path]

    def test_rows_are_not_changed(self, paths: RunPaths) -> None:
        rows = [dict(row) for row in ROWS]
        self.through(paths, rows)
        assert repr(rows) == repr(ROWS)

    def test_a_run_without_rows(self, paths: RunPaths) -> None:
        self.through(paths, [])

    def test_a_resumed_run_is_written_further(self, paths: RunPaths) -> None:
        self.through(paths, ROWS)
        self.through(paths, ROWS)

    def through(self, paths: RunPaths, rows: list[dict[str, Any]]) -> None:
        logger = self.make()
        logger.open(paths, CONFIG)
        for row in rows:
            logger.write(row)
        logger.close()

    def test_it_is_no_abstract_class(self) -> None:
        assert not inspect.isabstract(type(self.make()))


class TestCsv(LoggerContract):
    def make(self) -> Logger:
        return CsvLogger()


class TestTensorBoard(LoggerContract):
    def make(self) -> Logger:
        return TensorBoardLogger()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(importlib.util.find_spec("wandb") is None, reason="wandb is not installed")
class TestWandb(LoggerContract):
    @pytest.fixture(autouse=True)
    def offline(self, tmp_path_factory: pytest.TempPathFactory, monkeypatch: Any) -> None:
        monkeypatch.delenv("WANDB_API_KEY", raising=False)
        monkeypatch.setenv("WANDB_MODE", "offline")
        for name in ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
            monkeypatch.setenv(name, str(tmp_path_factory.mktemp("wandb")))

    def make(self) -> Logger:
        return WandbLogger()


class Smallest(Logger):
    """What a user has to fill, and no more."""

    def write(self, row: Row) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class TestSmallest(LoggerContract):
    def make(self) -> Logger:
        return Smallest()


class TestSeveral(LoggerContract):
    def make(self) -> Logger:
        return Loggers([CsvLogger(), Smallest(), Broken()])


class Broken(Smallest):
    def open(self, paths: RunPaths, config: Mapping[str, Any]) -> None:
        raise OSError("no room")
