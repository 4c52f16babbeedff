"""Count processor and wall time over the segments of a run."""

import time
from collections.abc import Mapping
from typing import Any

SECONDS = ("cpu_seconds", "wall_seconds")


class StopwatchOfSegments:
    """Count the processor time of this process, and the time on the wall, from `begin` on.

    It is a part of the state by itself: of all that a training saves, times alone are never what
    they were.

    Attributes:
        laps: what was counted at each lap.
    """

    def __init__(self) -> None:
        self._before = dict.fromkeys(SECONDS, 0.0)
        self.laps: list[dict[str, float]] = []
        self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self._began = _now()

    def lap(self) -> dict[str, float]:
        """Note and return what was counted so far."""
        self.laps.append(self._seconds())
        return self.laps[-1]

    def _seconds(self) -> dict[str, float]:
        now = _now()
        return {name: self._before[name] + now[name] - self._began[name] for name in SECONDS}

    def state_dict(self) -> dict[str, Any]:
        """Return the laps, and what was counted so far."""
        return {"laps": [dict(one) for one in self.laps], "now": self._seconds()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Add what earlier segments counted."""
        self.laps, self._before = list(state["laps"]), dict(state["now"])


def _now() -> dict[str, float]:
    return dict(zip(SECONDS, (time.process_time(), time.perf_counter()), strict=True))
