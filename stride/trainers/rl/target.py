"""End a training where an evaluation reaches the return that is aimed at."""

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
        self._target, self._reason = target, ""

    def after_evaluate(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Compare the mean return of an evaluation."""
        value = metrics.get(RETURN)
        if value is not None and value >= self._target:
            self._reason = f"{RETURN} is {value:.4g}: the target {self._target:.4g} is reached"

    @property
    def reason(self) -> str:
        """Return why the training is to end now, empty while it is not."""
        return self._reason

    def state_dict(self) -> dict[str, Any]:
        """Return the reason."""
        return {"reason": self._reason}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the reason."""
        self._reason = state["reason"]
