"""Find a learning rate by a range test: the rate grows step by step until the loss diverges."""

from stride.trainers.lr_find.trainer import LrFindTrainer

__all__ = ["LrFindTrainer"]
