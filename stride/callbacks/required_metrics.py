"""Tell of a metric that a training follows and no evaluation gives."""

from collections.abc import Iterable

from stride.callbacks.base import Callback
from stride.callbacks.protocols import TrainerLike
from stride.log import LOGGER


class RequireMetrics(Callback):
    """Warn once where the first evaluation lacks metrics that only a callback may add to it.

    Which these are nobody knows before a callback is called, and it may add them now and then.

    Args:
        metrics: the names of those that the training follows.
    """

    def __init__(self, metrics: Iterable[str]) -> None:
        self._metrics = set(metrics)

    def after_evaluate(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Look for them, the first time."""
        missing, self._metrics = self._metrics - metrics.keys(), set()
        for name in sorted(missing):
            LOGGER.warning(
                "no metric %r is in the first evaluation, and it is followed: neither the best "
                "weights nor early stopping can go by it; evaluated are: %s",
                name,
                ", ".join(sorted(metrics)),
            )
