"""Bring metrics into the few numbers that a listing shows, and read them back."""

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from stride.config.nonfinite import decode_number
from stride.runs.files.jsonl import as_row
from stride.runs.files.safe_open import reading
from stride.runs.layout import RunPaths

SPLITS = ("best", "last", "test")
"""The tables of metrics in results.json."""

LISTED = 100
"""Metrics of each table that status.json has too: a listing reads it of thousands of runs."""

_TAIL = 65536  # bytes at the end of metrics.jsonl that hold the newest values
_POSITION = frozenset({"step", "epoch", "time"})


def summary_of(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return what status.json has of the results: `metrics` and `monitor`.

    Of more than `LISTED` metrics in a table the first ones are taken, after the one by which the
    best was chosen.
    """
    monitor = results.get("monitor")
    first = monitor["metric"] if monitor else ""
    tables = {split: results.get(split) or {} for split in SPLITS}
    metrics: dict[str, Any] = {
        split: first_metrics(table, first, LISTED) for split, table in tables.items()
    }
    left_out = {name for split in SPLITS for name in tables[split] if name not in metrics[split]}
    if left_out:
        metrics["left_out"] = len(left_out)
    return {"metrics": metrics, "monitor": monitor}


def first_metrics(table: Mapping[str, Any], first: str | None, most: int) -> dict[str, Any]:
    """Return of a table of metrics so many, one of them if it is there, and the position."""
    names = [name for name in table if name not in _POSITION]
    kept = sorted(names, key=lambda name: name != first)[:most]
    return {name: value for name, value in table.items() if name in _POSITION or name in {*kept}}


def is_short(metrics: Mapping[str, Any]) -> bool:
    """Tell whether results.json has metrics that this part of status.json has not.

    Before there was `test` in it, it had none of the test split's, nor what a training logged.
    """
    return "test" not in metrics or bool(metrics.get("left_out"))


def metrics_in(table: Mapping[str, Any] | None) -> dict[str, float]:
    """Return the metrics of a table by name, without the position where they were taken."""
    return {name: float(value) for name, value in numbers_in(table or {}).items()}


def numbers_in(record: Mapping[str, Any]) -> dict[str, int | float]:
    """Return the numbers of a record by name, without the position where they were taken."""
    numbers: dict[str, int | float] = {}
    for name, value in record.items():
        number = value if type(value) is float else decode_number(value)  # nearly all are floats
        if type(number) in (float, int) and name not in _POSITION:
            numbers[name] = number
    return numbers


def newest_row(paths: RunPaths) -> dict[str, Any]:
    """Return the newest value of each name near the end of metrics.jsonl, torn lines aside.

    Raises:
        RunError: it is not a file of the run's own.
    """
    newest: dict[str, Any] = {}
    with suppress(OSError), reading(paths.metrics) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        for line in file.read().split(b"\n"):
            newest |= as_row(line) or {}
    return newest
