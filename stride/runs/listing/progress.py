"""Say where a training under way is, from what its process writes every few seconds."""

import time
from collections.abc import Mapping
from math import inf
from typing import Any, NamedTuple

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.layout import RunPaths
from stride.runs.listing.measured import metrics_in, numbers_in
from stride.tables.words import duration


class Progress(NamedTuple):
    """Where a training is.

    Attributes:
        step: optimiser updates done.
        epoch: completed epochs.
        total_steps: how many there will be, None where that is unknown.
        total_epochs: likewise.
        steps_per_second: between the newest two reports.
        seconds_left: of the training, at that speed.
        memory: most bytes that the process of rank 0 has held.
        device_memory: most bytes of its device that were allocated, None without one.
        time: when this was so, in Unix seconds.
    """

    step: int
    epoch: int
    total_steps: int | None = None
    total_epochs: int | None = None
    steps_per_second: float | None = None
    seconds_left: float | None = None
    memory: int | None = None
    device_memory: int | None = None
    time: float | None = None

    @property
    def position(self) -> str:
        """Return the epochs and steps that are done: "epoch 3/10, step 120/400"."""
        epochs, steps = self.total_epochs, self.total_steps
        return f"epoch {_of(self.epoch, epochs)}, step {_of(self.step, steps)}"

    @property
    def speed(self) -> str:
        """Return the speed and the time left in words, empty where they are not known."""
        if not self.steps_per_second:
            return ""
        return f"{self.steps_per_second:.3g} steps/s{self._left()}"

    @property
    def brief(self) -> str:
        """Return where a training is in a few words, for a listing: "epoch 3/10, 1h 02m left"."""
        known = self.total_epochs is not None or not self.total_steps
        here = self.position.split(", ")[0 if known else 1]
        return here + self._left()

    def _left(self) -> str:
        return "" if self.seconds_left is None else f", {duration(self.seconds_left)} left"


def _of(count: int, total: int | None) -> str:
    return f"{count}" if total is None else f"{count}/{total}"


def read_progress(paths: RunPaths, segment: object) -> dict[str, Any]:
    """Return what a segment last wrote of its progress, nothing where it wrote none."""
    try:
        record = read_record(paths.progress)
    except RunError:  # missing, or as `stride verify` says; a listing goes on without
        return {}
    return record if record.get("segment") == segment else {}


def progress_of(record: Mapping[str, Any], row: Mapping[str, Any]) -> Progress | None:
    """Return where a training is, by its record and the newest row of its metrics.

    None where neither tells: it has not begun.
    """
    known = {**numbers_in(record), **_position(record)}
    newest = max(known, _position(row), key=lambda one: one.get("step", -1))
    if not {"step", "epoch"} <= newest.keys():
        return None
    step, total, speed = newest["step"], known.get("total_steps"), known.get("steps_per_second")
    left = max(0, total - step) / speed if total is not None and speed else None
    return Progress(
        int(step),
        int(newest["epoch"]),
        _whole(total),
        _whole(known.get("total_epochs")),
        speed,
        left,
        _whole(known.get("memory")),
        _whole(known.get("device_memory")),
        newest.get("time", time.time()),
    )


def best_of(record: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics of the best evaluation: the record's, or of the newest row if better."""
    metrics, monitor = record.get("metrics") or {}, record.get("monitor") or {}
    best, newest = metrics_in(metrics.get("best")), metrics_in(row)
    name, sign = monitor.get("metric"), -1 if monitor.get("mode") == "min" else 1
    better = name in newest and sign * newest[name] > sign * best.get(name, -sign * inf)
    if not better:  # NaN never is
        return best
    return {one: value for one, value in newest.items() if one in best or one == name}


def _position(record: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: record.get(name) for name in ("step", "epoch", "time")}
    return {name: one for name, one in values.items() if type(one) in (int, float)}


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
