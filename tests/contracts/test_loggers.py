"""What holds for every logger, of STRIDE's or of a user's: derive from LoggerContract."""

import csv
import inspect
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from stride.loggers.artifact_values import Figure, Histogram, Image, Text
from stride.loggers.base import Logger, Loggers, Row
from stride.loggers.csv import CsvLogger
from stride.loggers.tensorboard import TensorBoardLogger
from stride.loggers.wandb import WandbLogger
from stride.runs.files.jsonl import LineFile
from stride.runs.layout import RunPaths
from stride.runs.writer import RunWriter
from tests.loggers import event_file, wandb_file

ROWS: list[dict[str, Any]] = [
    {"step": 0, "epoch": 0, "time": 1763690000.0, "lr": 0.1},
    {"step": 50, "epoch": 0, "time": 1763690001.0, "train/loss": 0.5, "lr": 0.1},
    {"step": 90, "epoch": 1, "time": 1763690002.0, "train/loss": math.nan, "x": math.inf},
    {"step": 90, "epoch": 1, "time": 1763690003.0, "validation/a, b": -math.inf, "n": 3},
    {"step": 99, "epoch": 1, "time": 1763690004.0},
]
LATER: list[dict[str, Any]] = [
    {"step": 120, "epoch": 2, "time": 1763690005.0, "train/loss": 0.25, "new": 1.0},
]
STEPS = {0, 50, 90, 99}
CONFIG = {"work_dir": "w", "seed": 0, "training_config": {"metrics": None, "x": [1, "a"]}}


def artifacts(paths: RunPaths, row: Row) -> Iterator[tuple[Row, Path]]:
    """Yield an artifact of each kind at a row's step."""
    values = [
        Image.of(torch.zeros(2, 3)),
        Text.of("<b>", markdown=True),
        Histogram.of(torch.ones(3), 4),
        Figure(Image.of(torch.zeros(4, 2, 2)).encoded()),
    ]
    paths.artifacts.mkdir(exist_ok=True)
    for value in values:
        path = paths.artifacts / f"{row['step']}{value.kind}{value.suffix}"
        path.write_bytes(value.encoded())
        yield {**row, "name": f"of/{value.kind}", "kind": value.kind}, path


class LoggerContract:
    """The tests; a subclass says how to make the logger, and how to read what it has written."""

    def make(self) -> Logger:
        raise NotImplementedError

    def steps(self, paths: RunPaths) -> set[int]:
        """Return the steps of the rows that the logger has kept in the run."""
        raise NotImplementedError

    @pytest.fixture
    def paths(self, tmp_path: Path) -> Iterator[RunPaths]:
        writer = RunWriter.start(tmp_path / "work", config={}, provenance={})
        yield writer.paths
        writer.close("done")

    def test_a_constructor_makes_no_file(self, paths: RunPaths) -> None:
        before = sorted(paths.path.rglob("*"))
        self.make()
        assert sorted(paths.path.rglob("*")) == before

    def test_all_rows_are_taken_and_nothing_lies_outside_the_run(self, paths: RunPaths) -> None:
        around = paths.path.parents[1], paths.path.parent
        before = [sorted(folder.iterdir()) for folder in around]
        self.through(paths, ROWS)
        assert [sorted(folder.iterdir()) for folder in around] == before
        assert self.steps(paths) == STEPS

    def test_rows_are_not_changed(self, paths: RunPaths) -> None:
        rows = [dict(row) for row in ROWS]
        self.through(paths, rows)
        assert repr(rows) == repr(ROWS)

    def test_a_run_without_rows(self, paths: RunPaths) -> None:
        self.through(paths, [])
        assert self.steps(paths) == set()

    def test_a_resumed_run_is_written_further(self, paths: RunPaths) -> None:
        self.through(paths, ROWS)
        self.through(paths, LATER)
        assert self.steps(paths) == STEPS | {120}

    def test_artifacts_come_in_between_and_disable_nobody(
        self, paths: RunPaths, caplog: pytest.LogCaptureFixture
    ) -> None:
        around = paths.path.parents[1], paths.path.parent
        before = [sorted(folder.iterdir()) for folder in around]
        logger = self.make()
        loggers = Loggers([logger])
        loggers.open(paths, CONFIG)
        for row in ROWS:
            loggers.write(row)
            for artifact, path in artifacts(paths, row):
                loggers.write_artifact(artifact, path)
        assert len(loggers) == 1
        loggers.close()
        assert [sorted(folder.iterdir()) for folder in around] == before
        assert self.steps(paths) == STEPS
        assert not [record for record in caplog.records if record.levelname == "WARNING"]

    def through(self, paths: RunPaths, rows: list[dict[str, Any]]) -> None:
        """Open the logger, give it rows that the run has recorded, and close it."""
        logger = self.make()
        logger.open(paths, CONFIG)
        with LineFile(paths.metrics) as recorded:
            for row in rows:
                recorded.append([row])
                logger.write(row)
        logger.close()

    def test_it_is_no_abstract_class(self) -> None:
        assert not inspect.isabstract(type(self.make()))


class TestCsv(LoggerContract):
    def make(self) -> Logger:
        return CsvLogger()

    def steps(self, paths: RunPaths) -> set[int]:
        with paths.metrics_csv.open(newline="") as file:
            return {int(row["step"]) for row in csv.DictReader(file)}


class TestTensorBoard(LoggerContract):
    def make(self) -> Logger:
        return TensorBoardLogger()

    def steps(self, paths: RunPaths) -> set[int]:
        return {
            event.step
            for event in event_file.events(paths.tensorboard)
            if event.HasField("summary")
        }


@pytest.mark.ecosystem("wandb")
class TestWandb(LoggerContract):
    @pytest.fixture(autouse=True)
    def offline(self, tmp_path_factory: pytest.TempPathFactory, monkeypatch: Any) -> None:
        monkeypatch.delenv("WANDB_API_KEY", raising=False)
        monkeypatch.setenv("WANDB_MODE", "offline")
        for name in ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
            monkeypatch.setenv(name, str(tmp_path_factory.mktemp("wandb")))

    def make(self) -> Logger:
        return WandbLogger()

    def steps(self, paths: RunPaths) -> set[int]:
        return {step for step, _ in wandb_file.rows(paths.wandb)}


class Smallest(Logger):
    """What a user has to fill, and no more."""

    seen: list[int]

    def write(self, row: Row) -> None:
        """Note the step."""
        self.seen.append(row["step"])

    def close(self) -> None:
        """Do nothing."""


class TestSmallest(LoggerContract):
    @pytest.fixture(autouse=True)
    def nothing_seen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Smallest, "seen", [], raising=False)

    def make(self) -> Logger:
        return Smallest()

    def steps(self, paths: RunPaths) -> set[int]:
        return set(Smallest.seen)


class Bare:
    """What has the methods of a logger, and has never heard of artifacts."""

    def open(self, paths: RunPaths, config: Mapping[str, Any]) -> None:
        """Do nothing."""

    def write(self, row: Row) -> None:
        """Note the step."""
        Smallest.seen.append(row["step"])

    def close(self) -> None:
        """Do nothing."""


class TestBare(TestSmallest):
    def make(self) -> Logger:
        return Bare()  # type: ignore[return-value]


class TestSeveral(TestSmallest):
    test_artifacts_come_in_between_and_disable_nobody = None  # one is broken at once

    def make(self) -> Logger:
        return Loggers([CsvLogger(), Smallest(), Broken()])


class Broken(Smallest):
    def open(self, paths: RunPaths, config: Mapping[str, Any]) -> None:
        raise OSError("no room")
