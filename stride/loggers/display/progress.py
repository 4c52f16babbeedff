"""Hold what is known of a training under way, as far as it is shown."""

import time
from collections.abc import Callable
from typing import Any

from stride.loggers.base import Row
from stride.loggers.display.base import Head
from stride.loggers.display.curve import Curve, Pace
from stride.loggers.display.words import display_name

_RETURNS = ("rollout/return", "validation/return")
_LOSSES = ("train/loss", "train/epoch_loss")


class Progress:
    """Take the rows of a training, and say how far it is and how it does.

    Args:
        head: what is trained.
        total_steps: None where that is not known.
        total_epochs: likewise.
        now: the clock.

    Attributes:
        row: the newest.
        metrics: the newest value of each metric.
        best: the best value so far in words, empty before there is one.
        steps_per_second: over the last half minute.
    """

    def __init__(
        self,
        head: Head,
        total_steps: int | None,
        total_epochs: int | None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.head, self.total_steps, self.total_epochs = head, total_steps, total_epochs
        self._now = now
        self._began = self._reported = now()
        self.row: Row = {}
        self.metrics: dict[str, Any] = {}
        self._curves: dict[str, Curve] = {}
        self.best = ""
        self.steps_per_second = 0.0
        self._pace = Pace(now)

    def take(self, row: Row, steps_per_second: float) -> None:
        """Take the row of a reporting step, with the speed since the report before."""
        self._reported = self._now()
        self.row = row
        self.metrics |= row
        self._pace.note(row.get("step", 0))
        self.steps_per_second = self._pace.steps_per_second or steps_per_second
        self._follow(row)

    def take_best(self, row: Row) -> None:
        """Take the row of an evaluation that was better than all before."""
        name = self.head.metric
        self.best = f"best {display_name(name)} {row[name]:.4g} at epoch {row.get('epoch', 0)}"

    def _follow(self, row: Row) -> None:
        for name in (*_RETURNS, *_LOSSES):
            if isinstance(value := row.get(name), float):
                self._curves.setdefault(name, Curve()).add(value)

    @property
    def followed(self) -> tuple[str, Curve]:
        """Return the curve to look at, and of what: of returns, else the loss that came oftener."""
        for names in (_RETURNS, _LOSSES):
            there = [(name, self._curves[name]) for name in names if name in self._curves]
            if there:
                return max(there, key=lambda pair: pair[1].count)
        return "", Curve()

    @property
    def share(self) -> float | None:
        """Return how much of the training is done; None where its length is not known."""
        name, total = (
            ("step", self.total_steps) if self.total_steps else ("epoch", self.total_epochs)
        )
        return min(self._count(name) / total, 1.0) if total else None

    @property
    def seconds(self) -> float:
        """Return how long it is trained by now."""
        return self._now() - self._began

    @property
    def seconds_left(self) -> float | None:
        """Return how long it will take from now on, None where that is not known."""
        if self.total_steps is None or self.steps_per_second <= 0:
            return None
        left = max(self.total_steps - self._count("step"), 0) / self.steps_per_second
        return max(left - (self._now() - self._reported), 0.0)

    def _count(self, name: str) -> int:
        count: int = self.row.get(name, 0)
        return count
