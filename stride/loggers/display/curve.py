"""Keep a curve of any length in as many numbers as one line can show, and the pace of steps."""

import time
from collections import deque
from collections.abc import Callable

_MOST = 256  # of which at least half are there, once they were
_PACE_POINTS, _PACE_SECONDS = 60, 0.5


class Curve:
    """The values of a metric, of which neighbours are averaged once there are many.

    Attributes:
        values: in their order, each the mean of equally many.
        last: the newest value.
        count: how many there were.
    """

    def __init__(self) -> None:
        self.values: list[float] = []
        self.last = float("nan")
        self.count = 0
        self._begun: list[float] = []  # of the value that is not whole yet
        self._each = 1

    def add(self, value: float) -> None:
        """Add the next value."""
        self.last = value
        self.count += 1
        self._begun.append(value)
        if len(self._begun) < self._each:
            return
        self.values.append(sum(self._begun) / self._each)
        self._begun = []
        if len(self.values) == _MOST:
            pairs = zip(self.values[::2], self.values[1::2], strict=True)
            self.values = [(one + other) / 2 for one, other in pairs]
            self._each *= 2


class Pace:
    """Steps per second over the last half minute: evaluations and waits are part of it.

    Args:
        now: the clock.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._points: deque[tuple[float, int]] = deque(maxlen=_PACE_POINTS)

    def note(self, step: int) -> None:
        """Note the steps that are done now."""
        now = self._now()
        while len(self._points) > 1 and now - self._points[-2][0] < _PACE_SECONDS:
            self._points.pop()
        self._points.append((now, step))

    @property
    def steps_per_second(self) -> float:
        """Return the pace, 0 before it is known."""
        if not self._points:
            return 0.0
        (first, before), (last, step) = self._points[0], self._points[-1]
        return (step - before) / (last - first) if last > first else 0.0
