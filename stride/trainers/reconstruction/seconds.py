"""Count processor and wall time over the segments of a run."""

import time
from collections.abc import Mapping


class Seconds:
    """Count processor and wall time of a training over its segments."""

    def __init__(self) -> None:
        self._before = {"cpu_seconds": 0.0, "wall_seconds": 0.0}
        self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self._began = {"cpu_seconds": time.process_time(), "wall_seconds": time.perf_counter()}

    def seconds(self) -> dict[str, float]:
        """Return what was counted so far."""
        now = {"cpu_seconds": time.process_time(), "wall_seconds": time.perf_counter()}
        return {name: self._before[name] + now[name] - self._began[name] for name in now}

    def go_on_from(self, before: Mapping[str, float]) -> None:
        """Add what earlier segments counted."""
        self._before = dict(before)
