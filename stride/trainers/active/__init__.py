"""Train in rounds of active learning: query, label, train again."""

from stride.trainers.active.trainer import ActiveTrainer

__all__ = ["ActiveTrainer"]
