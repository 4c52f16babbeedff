"""Follow one metric: what is better, and which value was the best."""

import math
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Monitor:
    """A metric's canonical name and which direction is better.

    Attributes:
        metric: as in the metrics stream.
        mode: `min` or `max`.
        min_delta: by how much a value has to be better, as a number.
        relative: whether `min_delta` is a share of the best value's size.
    """

    metric: str
    mode: Literal["min", "max"]
    min_delta: float = 0.0
    relative: bool = False

    def improves(self, value: float, best: float | None) -> bool:
        """Tell whether value is strictly better than best; NaN never is, equal never is."""
        if math.isnan(value):
            return False
        if best is None:
            return True
        margin = self.min_delta * abs(best) if self.relative else self.min_delta
        return value < best - margin if self.mode == "min" else value > best + margin


UNMONITORED = Monitor("", "min")
"""Takes the place of a monitor where no weights are better than others: no metric is called so."""


class Best:
    """The best value so far of a monitored metric, and where it was.

    Attributes:
        value: None before the first finite or infinite value.
        step: optimiser updates done when it was seen.
        epoch: completed epochs then.
        metrics: all the values of that evaluation.
    """

    def __init__(self) -> None:
        self.value: float | None = None
        self.step = 0
        self.epoch = 0
        self.metrics: dict[str, float] = {}

    def take(self, monitor: Monitor, metrics: dict[str, float], step: int, epoch: int) -> bool:
        """Note the metrics if they are better; tell whether they are."""
        value = metrics.get(monitor.metric)
        if value is None or not monitor.improves(value, self.value):
            return False
        self.value, self.step, self.epoch, self.metrics = value, step, epoch, dict(metrics)
        return True

    def state_dict(self) -> dict[str, Any]:
        """Return value, place and metrics."""
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take value, place and metrics."""
        vars(self).update(state)
