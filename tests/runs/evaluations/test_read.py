"""The rows of evaluations, as they are read: in the order of training, the newest of each."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from stride.errors import BrokenRecord
from stride.runs.evaluations.read import best_evaluation, evaluations
from stride.runs.layout import RunPaths


def row(step: int, loss: float | str, **others: Any) -> dict[str, Any]:
    values = {"validation/epoch_loss": loss}
    place = {"step": step, "epoch": 1, "time": 1.0, "checkpoint": f"a_b_c_epoch_{step}"}
    return place | {"splits": ["validation"], "values": values} | others


def write(folder: Path, *rows: dict[str, Any], torn: str = "") -> RunPaths:
    paths = RunPaths(folder)
    paths.evaluations.write_text("".join(f"{json.dumps(one)}\n" for one in rows) + torn)
    return paths


def test_rows_are_in_the_order_of_training(tmp_path: Path) -> None:
    paths = write(tmp_path, row(9, 0.25), row(3, "NaN"), torn='{"step": 12')
    first, second = evaluations(paths)
    assert (first["step"], second["step"]) == (3, 9)
    assert math.isnan(first["validation/epoch_loss"])
    assert second == {
        "step": 9,
        "epoch": 1,
        "time": 1.0,
        "checkpoint": "a_b_c_epoch_9",
        "validation/epoch_loss": 0.25,
    }


def test_of_the_same_the_newest_counts_and_what_was_asked_otherwise_stays(tmp_path: Path) -> None:
    other = {"overrides": ["device=cpu"]}
    paths = write(tmp_path, row(3, 0.5), row(3, 0.4, **other), row(3, 0.3), row(3, 0.2, splits=[]))
    found = [(one["validation/epoch_loss"], one.get("overrides")) for one in evaluations(paths)]
    assert sorted(found, key=str) == [(0.2, None), (0.3, None), (0.4, ["device=cpu"])]


def test_the_best_is_the_last_that_was(tmp_path: Path) -> None:
    paths = write(tmp_path, row(3, 0.5, best_sha256="a"), row(9, 0.4, best_sha256="b"), row(6, 0.7))
    assert best_evaluation(paths)["step"] == 9
    assert best_evaluation(write(tmp_path, row(3, 0.5))) == {}


def test_a_run_without_evaluations_has_none(tmp_path: Path) -> None:
    assert evaluations(RunPaths(tmp_path)) == []


@pytest.mark.parametrize("broken", [{"step": 3}, {"step": "3", "values": {}}])
def test_a_line_that_is_no_evaluation_is_named(tmp_path: Path, broken: dict[str, Any]) -> None:
    with pytest.raises(BrokenRecord, match="line 2 is not an evaluation"):
        evaluations(write(tmp_path, row(3, 0.5), broken))
