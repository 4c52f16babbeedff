"""Tell where rows of metrics lie along a plot: at which step, epoch, second or other number."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from stride.errors import RunError
from stride.runs.curves.cells import FARTHEST
from stride.runs.files.atomic import read_record
from stride.runs.layout import RunPaths
from stride.runs.status import segment_numbers

Row = Mapping[str, Any]


class Places:
    """Tell where rows are, block by block, in the order of the stream.

    Args:
        paths: of the run.
        along: what is counted.
    """

    def __init__(self, paths: RunPaths, along: str) -> None:
        self._along = along
        self._time = TrainingTime(_starts(paths) if along == "time" else ())

    def of(self, rows: Sequence[Row]) -> tuple[Sequence[Row], Sequence[float]]:
        """Return the rows that have a place, and where each is."""
        found: list[Any] = [row.get(self._along) for row in rows]
        if not all(map(_is_place, found)):
            rows = [row for row, place in zip(rows, found, strict=True) if _is_place(place)]
            found = [row[self._along] for row in rows]
        return rows, self._time.seconds(found) if self._along == "time" else found


class TrainingTime:
    """Count the seconds in which a run was trained: what lies between its segments is left out.

    Of a segment those count from its start to its last row that stands.

    Args:
        starts: of the segments, in Unix seconds; the first row's time where none is known.
    """

    def __init__(self, starts: Iterable[float]) -> None:
        self._later = deque(sorted(starts))
        self._start = self._last = self._later.popleft() if self._later else None
        self._before = 0.0

    def seconds(self, times: Iterable[float]) -> list[float]:
        """Return the seconds at each of some further rows, told by their time."""
        return [self._at(time) for time in times]

    def _at(self, time: float) -> float:
        if self._start is None or self._last is None:
            self._start = self._last = time
        while self._later and self._later[0] <= time:
            self._before += self._last - self._start
            self._start = self._last = self._later.popleft()
        self._last = max(self._last, time)
        return self._before + max(0.0, time - self._start)


def _is_place(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= FARTHEST


def _starts(paths: RunPaths) -> Iterator[float]:
    """Yield when each segment of a run began, of those that tell."""
    for n in segment_numbers(paths):
        with suppress(RunError):
            started: Any = read_record(paths.segment(n)).get("started")
            if _is_place(started):
                yield started
