"""Put the final results of a training together."""

import time
from collections.abc import Mapping
from typing import Any

from stride.callbacks.monitor import Best, Monitor
from stride.engine.state import TrainState
from stride.runs.layout import FORMAT_VERSION


class Stopwatch:
    """Measure the seconds from its making, and those between start and stop."""

    def __init__(self) -> None:
        self._made = time.perf_counter()
        self._started = self._made
        self.train_seconds = 0.0

    def start(self) -> None:
        """Begin to count training time."""
        self._started = time.perf_counter()

    def stop(self) -> None:
        """Add the time since `start`."""
        self.train_seconds += time.perf_counter() - self._started

    def timings(self, samples: int) -> dict[str, float]:
        """Return wall and training seconds, and trained samples per second of the latter."""
        seconds = self.train_seconds
        return {
            "wall_seconds": time.perf_counter() - self._made,
            "train_seconds": seconds,
            "samples_per_second": samples / seconds if seconds > 0 else 0.0,
        }


def summary(results: Mapping[str, Any]) -> str:
    """Say in one line what came out: the best value, where, and the test split's metrics."""
    monitor, best = results["monitor"], results["best"]
    parts = [f"no number for {monitor['metric']}"]
    if best:
        place = f"(epoch {best['epoch']}, step {best['step']})"
        parts = [f"best {monitor['metric']} {monitor['value']:.4g} {place}"]
    return "  ".join(parts + [f"{k} {v:.4g}" for k, v in results["test"].items()])


def results_of(
    *,
    state: TrainState,
    monitor: Monitor,
    best: Best,
    last: Mapping[str, float],
    test: Mapping[str, float],
    timings: Mapping[str, float],
    parameters: int,
    weights_sha256: str,
) -> dict[str, Any]:
    """Return the content of results.json."""
    results = {
        "format_version": FORMAT_VERSION,
        "best": {"step": best.step, "epoch": best.epoch, **best.metrics} if best.metrics else {},
        "last": {"step": state.step, "epoch": state.epoch, **last},
        "test": dict(test),
        "timings": dict(timings),
        "monitor": {"metric": monitor.metric, "mode": monitor.mode, "value": best.value},
        "parameters": parameters,
    }
    return results | ({"weights_sha256": weights_sha256} if weights_sha256 else {})
