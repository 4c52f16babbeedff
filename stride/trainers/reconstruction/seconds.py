"""Count processor and wall time over the segments of a run."""

import time
from collections.abc import Mapping

SECONDS = ("cpu_seconds", "wall_seconds")


class StopwatchOfSegments:
    """Count the processor time of this process, and the time on the wall, from `begin` on."""

    def __init__(self) -> None:
        self._before = dict.fromkeys(SECONDS, 0.0)
        self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self._began = _now()

    def seconds(self) -> dict[str, float]:
        """Return what was counted so far."""
        now = _now()
        return {name: self._before[name] + now[name] - self._began[name] for name in SECONDS}

    def go_on_from(self, before: Mapping[str, float]) -> None:
        """Add what earlier segments counted."""
        self._before = dict(before)


def _now() -> dict[str, float]:
    return dict(zip(SECONDS, (time.process_time(), time.perf_counter()), strict=True))
