"""Put the final results of a training together."""

import time
from collections.abc import Mapping
from typing import Any

from stride.callbacks.monitor import Best, Monitor
from stride.engine.state import TrainState
from stride.runs.layout import FORMAT_VERSION


class Stopwatch:
    """Measure the seconds of a training over all its segments, and count its samples."""

    def __init__(self) -> None:
        self._made = time.perf_counter()
        self._started: float | None = None
        self._before = {"wall_seconds": 0.0, "train_seconds": 0.0, "samples": 0}
        self._state: TrainState | None = None
        self._first = 0

    def start(self, state: TrainState | None) -> None:
        """Begin to count training time, and the samples drawn; None: they are unknown."""
        self._started, self._state = time.perf_counter(), state
        self._first = self._drawn()

    def stop(self) -> None:
        """Add the time since `start`."""
        self._before["train_seconds"] = self.state_dict()["train_seconds"]
        self._started = None

    def timings(self) -> dict[str, float]:
        """Return wall and training seconds, and samples drawn per second of the latter."""
        counts = self.state_dict()
        samples, seconds = counts.pop("samples"), counts["train_seconds"]
        known = samples > 0 and seconds > 0
        return {**counts, **({"samples_per_second": samples / seconds} if known else {})}

    def _drawn(self) -> int:
        return self._state.drawn + self._state.position if self._state else 0

    def state_dict(self) -> dict[str, Any]:
        """Return seconds and samples so far."""
        now = time.perf_counter()
        return {
            "wall_seconds": self._before["wall_seconds"] + now - self._made,
            "train_seconds": self._before["train_seconds"] + now - (self._started or now),
            "samples": self._before["samples"] + self._drawn() - self._first,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from the seconds and samples of earlier segments."""
        self._before = dict(state)


def summary(results: Mapping[str, Any]) -> str:
    """Say in one line what came out: the best value, where, and the test split's metrics.

    Nothing did where there is neither.
    """
    monitor, best = results.get("monitor"), results["best"]
    parts = [f"no number for {monitor['metric']}"] if monitor else []
    if monitor and best:
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
        **measured(state=state, monitor=monitor, best=best, last=last),
        "test": dict(test),
        "timings": dict(timings),
        "parameters": parameters,
    }
    return results | ({"weights_sha256": weights_sha256} if weights_sha256 else {})


def measured(
    *, state: TrainState, monitor: Monitor, best: Best, last: Mapping[str, float]
) -> dict[str, Any]:
    """Return best and last metrics, and by what the best is chosen, as results.json has them."""
    chosen_by = {"metric": monitor.metric, "mode": monitor.mode, "value": best.value}
    return {
        "best": {"step": best.step, "epoch": best.epoch, **best.metrics} if best.metrics else {},
        "last": {"step": state.step, "epoch": state.epoch, **last},
        **({"monitor": chosen_by} if monitor.metric else {}),
    }
