"""Forecast at each epoch which loss the training will end with."""

from typing import Any

from stride.callbacks.base import Callback
from stride.callbacks.protocols import TrainerLike
from stride.config.metrics import PREDICTED_LOSS, metric_name
from stride.stats.forecast import predicted_final_by_epoch


class LossForecast(Callback):
    """Add `<split>/predicted_final_loss` to what an evaluation at the end of an epoch gives.

    Args:
        split: whose loss it is, `validation` or `train`.
        epochs: how many the training has.
    """

    def __init__(self, split: str, epochs: int) -> None:
        self._loss = metric_name(split, "loss")
        self._forecast = metric_name(split, PREDICTED_LOSS)
        self._epochs = epochs
        self._curve: dict[int, float] = {}

    def after_evaluate(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Add the forecast; an evaluation inside an epoch does not count."""
        if self._loss not in metrics or trainer.state.position:
            return
        self._curve[trainer.state.epoch] = metrics[self._loss]
        metrics[self._forecast] = predicted_final_by_epoch(self._curve, self._epochs)

    def state_dict(self) -> dict[str, Any]:
        """Return the curve so far."""
        return {"epochs": [*self._curve], "losses": [*self._curve.values()]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the curve so far."""
        self._curve = dict(zip(state["epochs"], state["losses"], strict=True))
