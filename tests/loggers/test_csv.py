import csv
import math
import os
import resource
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stride.errors import StrideError
from stride.loggers.csv import CsvLogger
from stride.runs.files.jsonl import LineFile
from stride.runs.layout import RunPaths


def rows(path: Path) -> list[dict[str, Any]]:
    with (path / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_new_metric_adds_a_column_and_the_rest_is_appended(tmp_path: Path) -> None:
    logger = CsvLogger()
    logger.open(RunPaths(tmp_path), {})
    logger.write({"step": 1, "epoch": 0, "loss": 0.5})
    first = (tmp_path / "metrics.csv").stat().st_ino
    logger.write({"step": 2, "epoch": 0, "loss": 0.25})
    logger.write({"step": 3, "epoch": 0})
    assert (tmp_path / "metrics.csv").stat().st_ino == first
    logger.write({"step": 4, "epoch": 1, "loss": 0.125, "validation/f1": 0.75})
    assert (tmp_path / "metrics.csv").stat().st_ino != first
    logger.write({"step": 5, "epoch": 1, "validation/f1": 1.0})
    logger.close()
    assert (tmp_path / "metrics.csv").read_text() == (
        "step,epoch,loss,validation/f1\n"
        "1,0,0.5,\n2,0,0.25,\n3,0,,\n4,1,0.125,0.75\n5,1,,1.0\n"
    )  # fmt: skip


def test_every_row_is_there_at_once(tmp_path: Path) -> None:
    logger = CsvLogger()
    logger.open(RunPaths(tmp_path), {})
    for step in range(3):
        logger.write({"step": step, "loss": 1 / 3})
        assert [int(row["step"]) for row in rows(tmp_path)] == list(range(step + 1))
        assert float(rows(tmp_path)[-1]["loss"]) == 1 / 3
    logger.close()


def test_odd_names_and_numbers_are_read_back(tmp_path: Path) -> None:
    logger = CsvLogger()
    logger.open(RunPaths(tmp_path), {})
    logger.write({"step": 1, 'a, "b"\nc': math.nan, "d": math.inf})
    logger.write({"step": 2, 'a, "b"\nc': -math.inf, "d": 1e-300, "e": 1.0})
    logger.close()
    frame = pd.read_csv(tmp_path / "metrics.csv")
    assert list(frame.columns) == ["step", 'a, "b"\nc', "d", "e"]
    assert math.isnan(frame['a, "b"\nc'][0]) and frame["d"][0] == math.inf
    assert frame['a, "b"\nc'][1] == -math.inf and frame["d"][1] == 1e-300


def test_on_resuming_the_table_is_that_of_metrics_jsonl(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    with LineFile(paths.metrics) as lines:
        lines.append([{"step": 1, "loss": 0.5}, {"step": 2, "loss": math.nan, "lr": 0.1}])
    paths.metrics_csv.write_text("step,loss\n1,0.5\n2,0.4\n3,0.3\n4,0.2\n5,0.")  # past, torn
    logger = CsvLogger()
    logger.open(paths, {})
    logger.write({"step": 3, "loss": 0.25, "lr": 0.1})
    logger.close()
    assert paths.metrics_csv.read_text() == "step,loss,lr\n1,0.5,\n2,NaN,0.1\n3,0.25,0.1\n"


def test_a_full_disk_leaves_no_part_of_a_row(tmp_path: Path) -> None:
    """A real limit of the system on the size of files stands for the full disk."""
    paths = RunPaths(tmp_path)
    logger = CsvLogger()
    logger.open(paths, {})
    logger.write({"step": 1, "loss": 0.5})
    before = paths.metrics_csv.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 4, hard))
    try:
        with pytest.raises(StrideError, match=r"cannot write: File too large .*metrics\.csv"):
            logger.write({"step": 2, "loss": 0.123456})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert paths.metrics_csv.read_bytes() == before
    logger.write({"step": 2, "loss": 0.25})
    logger.close()
    assert paths.metrics_csv.read_text() == "step,loss\n1,0.5\n2,0.25\n"


def test_the_rows_are_on_the_disk_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger, fsync = CsvLogger(), os.fsync
    logger.open(RunPaths(tmp_path), {})
    logger.write({"step": 1})
    logger.write({"step": 2})
    synced: list[tuple[int, int]] = []

    def noted(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_ino, os.fstat(descriptor).st_size))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    logger.close()
    file = (tmp_path / "metrics.csv").stat()
    assert synced == [(file.st_ino, file.st_size)]


def test_a_hard_linked_copy_stays_as_it_is(tmp_path: Path) -> None:
    logger = CsvLogger()
    logger.open(RunPaths(tmp_path), {})
    logger.write({"step": 1})
    os.link(tmp_path / "metrics.csv", tmp_path / "copy")
    logger.write({"step": 2})
    logger.write({"step": 3})
    logger.close()
    assert (tmp_path / "copy").read_text() == "step\n1\n"
    assert (tmp_path / "metrics.csv").read_text() == "step\n1\n2\n3\n"


def test_no_name_is_a_formula_and_the_rows_stay_its_own(tmp_path: Path) -> None:
    logger = CsvLogger()
    logger.open(RunPaths(tmp_path), {})
    logger.write({"step": 1, "=x": -0.5, "\x1b": 1.0})
    logger.write({"step": 2, "=x": -0.25, "new": -math.inf})  # has the file written anew
    logger.close()
    assert (tmp_path / "metrics.csv").read_text() == (
        "step,'=x,\\x1b,new\n1,-0.5,1.0,\n2,-0.25,,-Infinity\n"
    )
