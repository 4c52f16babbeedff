"""Runs that the tools themselves have recorded come through bit for bit, and are read as others."""

import csv
import json
import time
from pathlib import Path

import pytest

from stride.runs.layout import RunPaths
from stride.runs.run import Run
from stride.runs.verify.run import verify_run
from tests.exchange.imports.sources import NUMBERS, RECORDED, as_single, bits, imported

SOURCES = sorted(
    {path.parent.relative_to(RECORDED).as_posix() for path in RECORDED.rglob("*") if path.is_file()}
)


def column(run: Run, name: str) -> list[float]:
    return [row[name] for row in run.metrics() if name in row]


@pytest.mark.parametrize("source", SOURCES)
def test_the_folder_is_whole_and_ended(source: str, tmp_path: Path) -> None:
    found = imported(RECORDED / source, tmp_path / "w")
    report = verify_run(found.path)
    assert (report.problems, report.notes) == ([], [])
    row = Run(found.path).row()
    assert row.broken is None and row.state in ("done", "failed")
    assert row.created <= (row.ended or 0.0) <= time.time()
    assert set(row.last) | set(row.test) == set(found.metrics)


def test_torch_writes_singles_whose_doubles_are_kept(tmp_path: Path) -> None:
    run = Run(imported(RECORDED / "tensorboard/torch", tmp_path).path)
    done = NUMBERS[:5]  # the others were done again from step 50 on
    assert [*map(bits, column(run, "Loss/train"))] == [bits(as_single(one)) for one in done]
    halves = [*[as_single(one / 2) for one in done], 0.25]
    assert [*map(bits, column(run, "validation/epoch_loss"))] == [*map(bits, halves)]
    assert [row["step"] for row in run.metrics()] == [0, 10, 20, 30, 40, 50]
    assert run.raw_config["seed"] == 3
    assert run.raw_config["hyperparameters"] == {"fast": 1, "lr": 0.1, "net": "CNN"}
    left_out = run.provenance["imported"]["left_out"]
    assert "numbers of steps that a later start did again: 6" in left_out
    assert "tags of images, texts, histograms and the like: 2" in left_out


def test_tensorboardx_keeps_moments_too(tmp_path: Path) -> None:
    run = Run(imported(RECORDED / "tensorboard/tensorboardX", tmp_path).path)
    assert [*map(bits, column(run, "loss"))] == [bits(as_single(one)) for one in NUMBERS]
    assert [row["time"] for row in run.metrics()] == [1.7e9 + n / 8 for n in range(len(NUMBERS))]
    assert (run.row().started, run.row().duration) == (1.7e9, 0.875)


def test_scalars_that_are_tensors_keep_their_type(tmp_path: Path) -> None:
    run = Run(imported(RECORDED / "tensorboard/tensors", tmp_path).path)
    values = {"float32": as_single(7.1), "float64": 7.1, "float16": 7.1015625}
    assert run.row().last == values | {"int32": 7, "int64": 7, "uint8": 7}
    assert type(column(run, "int64")[0]) is int


def test_lightning_is_the_same_by_both_of_its_loggers(tmp_path: Path) -> None:
    table = RECORDED / "lightning/version_0/metrics.csv"
    run = Run(imported(table.parent, tmp_path).path)
    with table.open(newline="") as file:
        rows = [*csv.DictReader(file)]
    names = {"train_loss_step": "train/loss", "train_loss_epoch": "train/epoch_loss"}
    for name, ours in {**names, "val_loss": "validation/epoch_loss", "bad": "bad"}.items():
        theirs = [float(row[name]) for row in rows if row[name]]
        assert [*map(bits, column(run, ours))] == [*map(bits, theirs)] and theirs
    assert run.provenance["imported"]["names"]["train/loss"] == "train_loss_step"
    assert run.raw_config["hyperparameters"] == {"lr": 0.0625, "sizes": [8, 8]}
    other = Run(imported(RECORDED / "tensorboard/lightning", tmp_path).path)
    for name in ("train/loss", "train/epoch_loss", "validation/epoch_loss"):
        assert column(other, name) == column(run, name)
    assert [row["epoch"] for row in run.metrics()] == [0, 0, 1, 1]


def test_wandb_keeps_an_axis_of_its_own_apart(tmp_path: Path) -> None:
    run = Run(imported(RECORDED / "wandb/offline-run-axes", tmp_path).path)
    known = run.provenance["imported"]
    assert (known["name"], known["version"]) == ("calm-tree", "0.31.0")
    assert known["axes"] == {"validation/epoch_loss": "tokens"}
    assert [*map(bits, column(run, "loss"))] == [*map(bits, NUMBERS[:5])]
    assert [*map(bits, column(run, "validation/epoch_loss"))] == [*map(bits, NUMBERS[:5])]
    assert column(run, "tokens") == [0.5, 1000.5, 2000.5, 3000.5, 4000.5]
    assert [row["epoch"] for row in run.metrics()] == [0, 0, 0, 0, 0, 1, 1, 1, 1, 2]
    settings = {"lr": 0.2, "net": {"width": 64, "sizes": [3, 3]}, "big": 2**60, "no": None}
    assert (run.raw_config["seed"], run.raw_config["hyperparameters"]) == (3, settings)
    assert (run.tags, run.note) == (("first", "two-words"), "a note")
    assert run.provenance["hostname"] == "recorder"


def test_an_axis_of_all_metrics_is_the_step(tmp_path: Path) -> None:
    run = Run(imported(RECORDED / "wandb/offline-run-steps", tmp_path).path)
    assert [(row["step"], row["epoch"]) for row in run.metrics()] == [(0, 0), (50, 1), (100, 2)]
    assert column(run, "validation/epoch_loss") == [2, 1, 2 / 3]
    assert (run.state, run.reason) == ("failed", "its exit code was 1")
    assert "axes" not in run.provenance["imported"] or not run.provenance["imported"]["axes"]


def test_what_is_monitored_has_a_best(tmp_path: Path) -> None:
    source = RECORDED / "lightning/version_0"
    row = Run(imported(source, tmp_path, monitor="val_loss").path).row()
    assert (row.monitor, row.mode) == ("validation/epoch_loss", "min")
    assert row.best["validation/epoch_loss"] == 0.010365917347371578
    assert row.best["train/epoch_loss"] == 0.20797453820705414
    worst = Run(imported(source, tmp_path, monitor="val_loss", mode="max").path)
    assert (worst.results["best"]["step"], worst.results["best"]["epoch"]) == (3, 0)


def test_rows_are_as_the_schema_of_rows_says(tmp_path: Path) -> None:
    for source in SOURCES:
        paths = RunPaths(imported(RECORDED / source, tmp_path).path)
        lines = paths.metrics.read_text().splitlines()
        assert all({"step", "epoch", "time"} <= json.loads(line).keys() for line in lines)
