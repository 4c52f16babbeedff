"""What a strategy sees of the samples: model outputs, features and committees."""

from stride.active.pool.pool import Pool

__all__ = ["Pool"]
