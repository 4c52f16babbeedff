"""Intervals in which the mean lies, of all the seeds that there might be."""

import math
from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter
from random import Random
from typing import NamedTuple

from stride.stats.moments import deviation, mean
from stride.stats.student import t_quantile

LEVEL = 0.95
"""Of 100 intervals so many hold what they are about."""

RESAMPLES = 2000
_SEED = 0  # the same values give the same interval, always


class Interval(NamedTuple):
    """Hold two bounds; both are NaN where a value is not finite."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Tell whether a value lies between the bounds, or on one."""
        return self.low <= value <= self.high


def t_interval(values: Sequence[float], level: float = LEVEL) -> Interval | None:
    """Return Student's interval of the mean; None for fewer than two values.

    It is as good as its level where means of so many values are about normal.

    Source: Student, The Probable Error of a Mean, Biometrika 6 (1908).
    """
    if len(values) < 2:
        return None
    half = t_quantile(level, len(values) - 1) * deviation(values) / math.sqrt(len(values))
    return Interval(mean(values) - half, mean(values) + half)


def bootstrap_interval(values: Sequence[float], level: float = LEVEL) -> Interval | None:
    """Return the percentile bootstrap interval of the interquartile mean; None below two values.

    The values are drawn again, with replacement, RESAMPLES times, always the same places of them
    in ascending order. It assumes no distribution, and with fewer than about ten values it is too
    narrow: it knows no other values.

    Sources: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; Agarwal et
    al. 2021 (arXiv 2108.13264) for runs of few seeds.
    """
    if len(values) < 2:
        return None
    if not all(map(math.isfinite, values)):
        return Interval(math.nan, math.nan)
    ascending = sorted(values)
    drawn = [itemgetter(*places)(ascending) for places in _middles(len(values))]
    means = sorted(map(math.fsum, zip(*drawn, strict=True)))
    outside = round(RESAMPLES * (1 - level) / 2)
    return Interval(means[outside] / len(drawn), means[-1 - outside] / len(drawn))


@lru_cache(maxsize=8)
def _middles(count: int) -> list[tuple[int, ...]]:
    """Return for each place in the middle half what stands there, of each resample in turn."""
    cut, draw = count // 4, Random(_SEED)
    rows = (sorted(draw.choices(range(count), k=count)) for _ in range(RESAMPLES))
    return list(zip(*(row[cut : count - cut] for row in rows), strict=True))
