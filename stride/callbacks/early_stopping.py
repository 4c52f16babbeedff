"""Stop when a metric has not improved for some evaluations."""

from typing import Any

from stride.callbacks.monitor import Best, Monitor
from stride.callbacks.protocols import TrainerLike
from stride.callbacks.stopping import StoppingCallback


class EarlyStopping(StoppingCallback):
    """Ask for the end after `patience` evaluations in a row without an improvement.

    Args:
        monitor: the metric, its direction, and by how much it has to improve.
        patience: how many evaluations may pass.
    """

    def __init__(self, monitor: Monitor, patience: int) -> None:
        self._monitor = monitor
        self._patience = patience
        self._best = Best()
        self._waited = 0

    def after_evaluate(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Count evaluations without an improvement; those of other metrics alone do not count."""
        if self._monitor.metric not in metrics:
            return
        if self._best.take(self._monitor, metrics, trainer.state.step, trainer.state.epoch):
            self._waited = 0
        else:
            self._waited += 1

    @property
    def reason(self) -> str:
        """Return why the training is to end now, empty while it is not."""
        if self._waited < self._patience:
            return ""
        return (
            f"early stopping: {self._monitor.metric} has not improved "
            f"for {self._waited} evaluations"
        )

    def state_dict(self) -> dict[str, Any]:
        """Return the best value and the count."""
        return {"best": self._best.state_dict(), "waited": self._waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the best value and the count."""
        self._best.load_state_dict(state["best"])
        self._waited = state["waited"]
