"""Choose which epochs have a line that stays, where they are many or quick."""

import time
from collections.abc import Callable
from typing import NamedTuple

from stride.loggers.base import Row

LINES_FIRST = 10  # one for each epoch
LINES_IN_ALL = 50  # of a training whose length is known, however quick it is
SECONDS_BETWEEN_LINES = 1.0


class EpochLine(NamedTuple):
    """Hold what the line of an epoch, or of an evaluation within one, is made from.

    Attributes:
        row: step, epoch and metrics.
        seconds: since the one before.
        is_best: whether the monitored metric was never better.
    """

    row: Row
    seconds: float
    is_best: bool


class KeptEpochs:
    """Choose epochs: all of them where they are few or slow.

    Else every second, fifth, tenth ... has a line, so that there is about one in a second, or
    that there are about fifty. Between two of them the newest best epoch has one, and so has the
    last. So neither do the lines flood the terminal, nor does what counts lack one.

    Args:
        total: epochs of the training, None where that is not known.
        now: the clock.
    """

    def __init__(self, total: int | None, now: Callable[[], float] = time.monotonic) -> None:
        self._total, self._now = total, now
        self._began = self._before = now()
        self._seen = 0
        self._best: EpochLine | None = None
        self._last: EpochLine | None = None
        self._first = 0

    def add(self, row: Row, *, is_best: bool) -> list[EpochLine]:
        """Take an epoch that has ended; return the lines that are due, in order."""
        now = self._now()
        line, self._before = EpochLine(row, now - self._before, is_best), now
        if not self._seen:
            self._first = max(row.get("epoch", 1) - 1, 0)
        self._seen += 1
        self._last = line
        self._best = line if is_best else self._best
        due = self._seen <= LINES_FIRST or (self._first + self._seen) % self._every(now) == 0
        return self.held_back() if due else []

    def held_back(self) -> list[EpochLine]:
        """Return the lines of the best and the last epoch that were not due; none twice."""
        lines = [line for line in (self._best, self._last) if line is not None]
        self._best = self._last = None
        return lines[:1] if lines[1:] == lines[:1] else lines

    def _every(self, now: float) -> int:
        """Return the distance of two lines in epochs."""
        each = max(now - self._began, 1e-9) / self._seen
        by_time = _round_number(SECONDS_BETWEEN_LINES / each)
        if self._total is None:
            return by_time
        return min(by_time, _round_number(self._total / LINES_IN_ALL))


def _round_number(least: float) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50 ... that is not less."""
    size = 1
    while True:
        for digit in (1, 2, 5):
            if digit * size >= least:
                return digit * size
        size *= 10
