"""Let every rank decide by the metrics of rank 0."""

from stride.callbacks.base import Callback
from stride.callbacks.protocols import TrainerLike
from stride.distributed import broadcast


class BroadcastMetrics(Callback):
    """Give each rank what hooks have added to the metrics on rank 0, and nothing else."""

    def after_evaluate(
        self, trainer: TrainerLike, metrics: dict[str, float], split: str = "validation"
    ) -> None:
        """Replace the values."""
        values = broadcast(dict(metrics))
        metrics.clear()
        metrics.update(values)
