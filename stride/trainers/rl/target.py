"""End a training where an evaluation reaches the return that is aimed at."""

import math
from typing import Any

from stride.callbacks.protocols import TrainerLike
from stride.callbacks.stopping import StoppingCallback

RETURN = "validation/return"


class TargetReturn(StoppingCallback):
    """Ask for the end after the first evaluation whose mean return is large enough.

    Args:
        target: the return.
    """

    def __init__(self, target: float) -> None:
        self._target, self._last = target, -math.inf

    def after_evaluate(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Take the mean return of an evaluation."""
        self._last = metrics.get(RETURN, self._last)

    @property
    def reason(self) -> str:
        """Return why the training is to end now, empty while it is not."""
        if not self._last >= self._target:
            return ""
        return f"{RETURN} is {self._last:.4g}: the target {self._target:.4g} is reached"

    def state_dict(self) -> dict[str, Any]:
        """Return the last mean return."""
        return {"last": self._last}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take it."""
        self._last = state["last"]
