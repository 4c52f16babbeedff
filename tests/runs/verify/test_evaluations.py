"""What is checked of evaluations: rows that fit their record, once each, and the best weights."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch

from stride.models.weights import weights_bytes
from stride.runs.evaluations.write import Evaluations
from stride.runs.files.jsonl import LineFile
from stride.runs.layout import RunPaths
from stride.runs.records.streams import EvaluationRow
from stride.runs.verify.evaluations import check_evaluations
from stride.runs.verify.report import Report

WEIGHTS = weights_bytes({"a": torch.ones(3)})
ROW: dict[str, Any] = {
    "step": 3,
    "epoch": 1,
    "time": 1.0,
    "seconds": 0.5,
    "checkpoint": "a_b_c_epoch_1",
    "model_sha256": "0" * 64,
    "splits": ["validation"],
    "values": {"validation/epoch_loss": 0.5},
    "best_sha256": hashlib.sha256(WEIGHTS).hexdigest(),
}


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    """Give a folder with one evaluation, which is the best."""
    paths = RunPaths(tmp_path)
    Evaluations(paths).add(EvaluationRow.model_validate(ROW), WEIGHTS)
    return paths


def checked(paths: RunPaths) -> Report:
    report = Report(paths.path)
    check_evaluations(report, paths)
    return report


def append(paths: RunPaths, **changed: Any) -> None:
    with LineFile(paths.evaluations) as file:
        file.append([ROW | changed])


def test_what_is_whole_has_no_problem(paths: RunPaths) -> None:
    append(paths, model_sha256="1" * 64)  # written again with other weights
    append(paths, overrides=["device=cpu"])
    report = checked(paths)
    assert (report.problems, report.notes, report.counts["files"]) == ([], [], 1)
    assert checked(RunPaths(paths.path / "none")).ok


@pytest.mark.parametrize(
    ("changed", "what"),
    [({}, "line 2: a_b_c_epoch_1 is there twice"), ({"step": -1}, "line 2: step: Input should be")],
)
def test_rows_that_make_no_sense(paths: RunPaths, changed: dict[str, Any], what: str) -> None:
    append(paths, **changed)
    (problem,) = checked(paths).problems
    assert (problem.file, problem.what[: len(what)]) == ("evaluations.jsonl", what)


@pytest.mark.parametrize("damage", [lambda one: one[:-1] + b"!", lambda one: one[:-1]])
def test_damaged_weights(paths: RunPaths, damage: Any) -> None:
    paths.best_evaluated.write_bytes(damage(WEIGHTS))
    (problem,) = checked(paths).problems
    assert problem.file == "evaluations/best.safetensors"


def test_weights_that_are_missing(paths: RunPaths) -> None:
    paths.best_evaluated.unlink()
    (problem,) = checked(paths).problems
    assert problem.file == "evaluations/best.safetensors"
    assert problem.what.startswith("cannot read: No such file")


def test_what_a_kill_leaves_is_worth_a_word(paths: RunPaths) -> None:
    newer = weights_bytes({"a": torch.zeros(3)})
    append(paths, step=6, checkpoint="b", best_sha256=hashlib.sha256(newer).hexdigest())
    paths.next_evaluated.write_bytes(newer)
    with paths.evaluations.open("ab") as stream:
        stream.write(b"{")
    report = checked(paths)
    assert report.ok
    assert report.notes == [
        "evaluations.jsonl: its last line is torn; the next evaluation cuts it off",
        "evaluations/next.safetensors: the next evaluation puts it in the place of the best",
    ]
