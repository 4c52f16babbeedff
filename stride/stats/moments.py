"""Mean, deviation and interquartile mean of a few numbers."""

import math
from collections.abc import Sequence
from contextlib import suppress


def mean(values: Sequence[float]) -> float:
    """Return the mean; NaN where a value is not finite, or there is none."""
    if not values or not all(map(math.isfinite, values)):
        return math.nan
    with suppress(OverflowError):  # of a sum beyond all floats, whose mean is not
        return math.fsum(values) / len(values)
    return math.fsum(value / len(values) for value in values)


def deviation(values: Sequence[float]) -> float:
    """Return the standard deviation of a sample: n - 1 in the denominator, 0 for one value.

    NaN where a value is not finite, or there is none; infinite where it is beyond all floats.
    """
    center = mean(values)
    if math.isnan(center) or len(values) == 1:
        return center * 0.0
    with suppress(OverflowError):  # of a square beyond all floats, whose root is not
        squares = math.fsum((value - center) ** 2 for value in values)
        return math.sqrt(squares / (len(values) - 1))
    return math.hypot(*(value - center for value in values)) / math.sqrt(len(values) - 1)


def interquartile_mean(values: Sequence[float]) -> float:
    """Return the mean of the middle half: of n values the n // 4 smallest and largest are left out.

    Less moved by an outlier than the mean, and by less chance than the median. NaN where a value
    is not finite, or there is none.

    Source: Agarwal et al., Deep Reinforcement Learning at the Edge of the Statistical Precipice,
    NeurIPS 2021 (arXiv 2108.13264), as their rliable counts the quarters.
    """
    if not all(map(math.isfinite, values)):
        return math.nan
    cut = len(values) // 4
    return mean(sorted(values)[cut : len(values) - cut])
