"""Sum up the rows of an imported run as its results: the last values, and the best."""

from collections.abc import Iterable, Iterator, Mapping
from math import isnan
from typing import Any, Literal, NamedTuple

from stride.config.metrics import RESERVED

Mode = Literal["min", "max"]
_TEST = "test/"


class Monitor(NamedTuple):
    """Say by which metric the best is chosen."""

    metric: str
    mode: Mode

    def is_better(self, value: float, best: float | None) -> bool:
        """Tell whether a value is better than the best so far; NaN never is."""
        if isnan(value) or best is None:
            return not isnan(value)
        return value < best if self.mode == "min" else value > best


class Summary:
    """Look at rows as they go by.

    Args:
        monitor: by what the best is chosen; None where nothing was said.

    Attributes:
        rows: how many there were.
    """

    def __init__(self, monitor: Monitor | None) -> None:
        self._monitor, self.rows = monitor, 0
        self._last: dict[str, Any] = {}
        self._best: dict[str, Any] = {}
        self._here: dict[str, Any] = {}  # all at the step of the newest row
        self._value: float | None = None

    def watch(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Pass rows on, and keep what is to be known of them."""
        for row in rows:
            self.rows += 1
            self._add({name: value for name, value in row.items() if name != "time"})
            yield row

    def _add(self, row: dict[str, Any]) -> None:
        self._last |= row
        if any(self._here.get(key) != row[key] for key in ("step", "epoch")):
            self._here = {}
        self._here |= row  # the best too, while the step is its own
        if self._monitor is None or self._monitor.metric not in row:
            return
        value = row[self._monitor.metric]
        if self._monitor.is_better(value, self._value):
            self._value, self._best = value, self._here

    def results(self, seconds: float | None) -> dict[str, Any]:
        """Return the content of results.json.

        Args:
            seconds: from the beginning to the end, where both are known.
        """
        test = {name: value for name, value in self._last.items() if name.startswith(_TEST)}
        last = {name: value for name, value in self._last.items() if name not in test}
        found: dict[str, Any] = {"best": self._best, "last": last, "test": test}
        if self._monitor is not None:
            found["monitor"] = {**self._monitor._asdict(), "value": self._value}
        return found | ({"timings": {"wall_seconds": seconds}} if seconds is not None else {})


def metrics_of(names: Mapping[str, str]) -> list[str]:
    """Return the names of all metrics that rows have."""
    return sorted(set(names.values()) - RESERVED)
