"""What a strategy sees of the samples: outputs, features and the networks that give them."""

from stride.active.pool.pool import Pool

__all__ = ["Pool"]
