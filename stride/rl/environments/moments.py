"""Mean and variance of numbers that come in batches."""

from collections.abc import Mapping
from typing import Any, final

import numpy as np


@final
class RunningMoments:
    """Mean and variance of all that was seen, in float64.

    Each batch is merged by the sums of squared deviations, which loses no digits where the mean is
    large (Chan, Golub and LeVeque 1983, the form for batches of Welford 1962).

    Args:
        shape: of one sample.

    Attributes:
        count: how many samples were seen.
        mean: theirs.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.count, self.mean = 0, np.zeros(shape)
        self._squares = np.zeros(shape)

    @property
    def variance(self) -> np.ndarray:
        """Return the mean squared deviation; 1 before there are two samples."""
        return self._squares / self.count if self.count > 1 else np.ones_like(self.mean)

    def update(self, batch: np.ndarray) -> None:
        """Take samples, (number, ...); none is fine too."""
        number = len(batch)
        if not number:
            return
        mean = batch.mean(axis=0, dtype=np.float64)
        squares = np.square(batch - mean).sum(axis=0)
        total, apart = self.count + number, mean - self.mean
        self._squares = self._squares + squares + np.square(apart) * (self.count * number / total)
        self.mean, self.count = self.mean + apart * (number / total), total

    def state_dict(self) -> dict[str, Any]:
        """Return count, mean and squared deviations."""
        return {"count": self.count, "mean": self.mean, "squares": self._squares}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Be what gave the state."""
        self.count, self.mean, self._squares = state["count"], state["mean"], state["squares"]
