"""Smooth a curve as its values come."""

import math
from collections.abc import Sequence


class MovingAverage:
    """Average values so that each one before counts less by the same share.

    After n finite values v the average is `(1 - w) * sum(w**(n - i) * v[i]) / (1 - w**n)`: without
    the divisor it would begin at 0. A value that is not finite stays as it is, and does not count.

    Sources: the slider of TensorBoard smooths by this formula; the divisor is that of Kingma and
    Ba, Adam (arXiv 1412.6980), section 3.

    Args:
        weight: w, of what came before; from 0, which changes nothing, to below 1.
    """

    def __init__(self, weight: float) -> None:
        self._weight, self._power, self._sum = weight, 1.0, 0.0

    def add(self, values: Sequence[float]) -> Sequence[float]:
        """Return the average at each of some further values."""
        if not self._weight:
            return values
        weight, power, total = self._weight, self._power, self._sum
        averages = []
        for value in values:
            if math.isfinite(value):
                total = weight * total + (1 - weight) * value
                power *= weight
                value = total / (1 - power)
            averages.append(value)
        self._power, self._sum = power, total
        return averages
