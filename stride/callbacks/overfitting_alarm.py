"""Warn where the training loss goes on falling while the validation loss rises."""

from typing import Any

from stride.callbacks.base import Callback
from stride.callbacks.protocols import TrainerLike
from stride.config.metrics import metric_name
from stride.log import LOGGER

TRAINED, VALIDATED = metric_name("train", "loss"), metric_name("validation", "loss")


class OverfittingAlarm(Callback):
    """Warn once when, over the last evaluations, the two losses have moved apart.

    They have where the least-squares line through the training losses falls, that through the
    validation losses rises, and the lowest validation loss lies before all of them. It is said
    again only after a new lowest one.

    Args:
        window: over how many evaluations.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._losses: list[tuple[float, float]] = []
        self._lowest = float("inf")
        self._since = 0
        self._told = False

    def after_evaluate(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Look at both losses."""
        if TRAINED not in metrics or VALIDATED not in metrics:  # of a kind that has others
            return
        trained, validated = metrics[TRAINED], metrics[VALIDATED]
        self._losses = [*self._losses, (trained, validated)][-self._window :]
        self._since += 1
        if validated < self._lowest:
            self._lowest, self._since, self._told = validated, 0, False
        if not self._told and self._since >= self._window and self._apart():
            self._told = True
            (trained, validated), (trained_now, validated_now) = self._losses[0], self._losses[-1]
            LOGGER.warning(
                "overfitting: over the last %d evaluations %s went from %.4g to %.4g and %s from "
                "%.4g to %.4g; its lowest was %.4g",
                self._window,
                *(TRAINED, trained, trained_now, VALIDATED, validated, validated_now, self._lowest),
            )

    def _apart(self) -> bool:
        trained, validated = zip(*self._losses, strict=True)
        return _slope(trained) < 0 < _slope(validated)

    def state_dict(self) -> dict[str, Any]:
        """Return the losses, the lowest one and whether it was said."""
        return {
            "losses": [list(pair) for pair in self._losses],
            "lowest": self._lowest,
            "since": self._since,
            "told": self._told,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the losses, the lowest one and whether it was said."""
        self._losses = [(trained, validated) for trained, validated in state["losses"]]
        self._lowest, self._since, self._told = state["lowest"], state["since"], state["told"]


def _slope(values: tuple[float, ...]) -> float:
    """Return the sign-true slope of the least-squares line, but for a factor of its length."""
    middle = (len(values) - 1) / 2
    return sum((place - middle) * value for place, value in enumerate(values))
