"""Read what the checkpoints of a run were evaluated to beside its training."""

from collections.abc import Iterator, Mapping
from typing import Any

from stride.config.nonfinite import decode_numbers
from stride.errors import BrokenRecord
from stride.runs.files.jsonl import scan
from stride.runs.layout import RunPaths

_PLACE = ("step", "epoch", "time", "checkpoint")
_REQUEST = ("splits", "metrics", "overrides")


def evaluation_rows(paths: RunPaths) -> Iterator[dict[str, Any]]:
    """Yield the rows of evaluations.jsonl as they were written, in that order.

    Raises:
        RunError: a line before the last is broken.
    """
    for number, row in scan(paths.evaluations):
        if not isinstance(row.get("step"), int) or not isinstance(row.get("values"), dict):
            what = f"line {number} is not an evaluation"
            raise BrokenRecord(what, where=str(paths.evaluations))
        yield decode_numbers(row)


def evaluations(paths: RunPaths) -> list[dict[str, Any]]:
    """Return a row for each checkpoint that was evaluated, in the order of training.

    It has step, epoch, time, the checkpoint's name, and the values by their names; `overrides`
    where the config was changed for it. Of several for the same the newest counts, as of a
    checkpoint that was written again with other weights.

    Raises:
        RunError: as `evaluation_rows`.
    """
    newest = {subject(row): row for row in evaluation_rows(paths)}
    return [_flat(row) for row in sorted(newest.values(), key=_in_training)]


def best_evaluation(paths: RunPaths) -> dict[str, Any]:
    """Return the row whose weights are in `evaluations/best.safetensors`; empty where none is.

    Raises:
        RunError: as `evaluation_rows`.
    """
    best: Mapping[str, Any] = {}
    for row in evaluation_rows(paths):
        best = row if row.get("best_sha256") is not None else best
    return _flat(best) if best else {}


def subject(row: Mapping[str, Any]) -> str:
    """Return of which checkpoint a row is, and what was asked for: an equal text for equal ones."""
    asked = (row.get(key) or None for key in _REQUEST)
    return repr([row.get("checkpoint"), *asked])


def _in_training(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["step"], row.get("epoch", 0), row.get("time", 0.0)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    changed = {"overrides": row["overrides"]} if row.get("overrides") else {}
    values: dict[str, Any] = row["values"]
    return {key: row.get(key) for key in _PLACE} | changed | values
