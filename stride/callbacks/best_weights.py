"""Keep a copy of the best weights, in memory and in the run."""

import time
from collections.abc import Callable
from typing import Any

from torch import Tensor

from stride.callbacks.average import PresentWeights, WeightAverage
from stride.callbacks.base import Callback
from stride.callbacks.monitor import Best, Monitor
from stride.callbacks.protocols import TrainerLike
from stride.models.model import Model, network_part
from stride.models.weights import clone_state

_SECONDS_BETWEEN_WRITES = 5.0


class BestWeights(Callback):
    """Copy the weights at each improvement and write them to the run, not more than once in 5 s.

    Args:
        monitor: the metric by which one is better.
        keep: whether weights are kept at all; without it the last ones are the run's weights.
        now: the clock; with several ranks one that they agree on, since they may write together.
        weights: says what the weights are that are kept.

    Attributes:
        best: the best evaluation so far.
    """

    def __init__(
        self,
        monitor: Monitor,
        *,
        keep: bool = True,
        now: Callable[[], float] = time.monotonic,
        weights: PresentWeights | WeightAverage | None = None,
    ) -> None:
        self._source = weights or PresentWeights()
        self._now = now
        self._monitor = monitor
        self._keep = keep
        self.best = Best()
        self._weights: dict[str, Tensor] = {}
        self._unwritten = False
        self._next_write = 0.0

    def after_epoch(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Take the weights if they are the best so far."""
        self.judge(trainer, metrics)

    def judge(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Take the weights if the values of an evaluation, now recorded, are the best so far."""
        better = self.best.take(self._monitor, metrics, trainer.state.step, trainer.state.epoch)
        if better and self._keep:
            self._weights = clone_state(self._source.of(trainer.model))
            self._unwritten = True
        if self._unwritten and self._now() >= self._next_write:
            self.write(trainer)

    def restore(self, model: Model) -> None:
        """Put the best weights into the model; where none were kept, those of the last step."""
        if self._weights:
            model.load_state_dict(self._weights)
        else:
            self._source.put_into(model)

    def write(self, trainer: TrainerLike, *, or_present: bool = False) -> None:
        """Write the best weights into the run, or the present ones where none were kept."""
        if self._unwritten or (or_present and not self._weights):
            weights = self._weights or self._source.of(trainer.model)
            trainer.run.write_weights(network_part(weights))
            self._unwritten = False
            self._next_write = self._now() + _SECONDS_BETWEEN_WRITES

    def state_dict(self) -> dict[str, Any]:
        """Return the best evaluation and its weights."""
        return {"best": self.best.state_dict(), "weights": self._weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the best evaluation and its weights."""
        self.best.load_state_dict(state["best"])
        self._weights = state["weights"]
        self._unwritten = bool(self._weights)
