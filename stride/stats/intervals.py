"""Intervals in which the mean lies, of all the seeds that there might be."""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate, combinations_with_replacement
from operator import itemgetter
from typing import NamedTuple

from stride.stats.moments import deviation, mean
from stride.stats.student import t_quantile

LEVEL = 0.95
"""Of 100 intervals so many hold what they are about."""

EXACT = 7
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

    The values are drawn again, with replacement: up to EXACT of them in all ways that there are,
    more of them RESAMPLES times, always the same places of them in ascending order. It assumes no
    distribution, and with fewer than about ten values it is too narrow: it knows no other values.

    Sources: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; Agarwal et
    al. 2021 (arXiv 2108.13264) for runs of few seeds.
    """
    if len(values) < 2:
        return None
    if not all(map(math.isfinite, values)):
        return Interval(math.nan, math.nan)
    ascending, (middles, weights) = sorted(values), _resamples(len(values))
    drawn = [itemgetter(*places)(ascending) for places in middles]
    try:
        means = [math.fsum(one) / len(drawn) for one in zip(*drawn, strict=True)]
    except OverflowError:  # of a sum beyond all floats, whose mean is not
        means = [mean(one) for one in zip(*drawn, strict=True)]
    return _middle_part(means, weights, level)


def stratified_interval(
    statistic: Callable[..., float], *samples: Sequence[Sequence[float]], level: float = LEVEL
) -> Interval | None:
    """Return the percentile bootstrap interval of a statistic of runs on several tasks.

    The runs of each task are drawn again among themselves, with replacement, those of each sample
    on their own, RESAMPLES times from a fixed seed: what is unsure is which runs there were, not
    which tasks. None where a task has fewer than two runs.

    Source: Agarwal et al. 2021 (arXiv 2108.13264), section 4.1; their rliable.

    Args:
        statistic: of as many samples as are given.
        samples: of each task in turn, the values of its runs.
        level: of the interval.
    """
    tasks = [task for sample in samples for task in sample]
    if min(map(len, tasks), default=0) < 2:
        return None
    if not all(math.isfinite(value) for task in tasks for value in task):
        return Interval(math.nan, math.nan)
    from random import Random

    draw = Random(_SEED)
    drawn = [
        statistic(*([draw.choices(task, k=len(task)) for task in sample] for sample in samples))
        for _ in range(RESAMPLES)
    ]
    return percentile_interval(drawn, level)


def percentile_interval(drawn: Sequence[float], level: float = LEVEL) -> Interval:
    """Return between which percentiles so much of what was drawn lies.

    A percentile between two of the values is on the line through them, as NumPy's are.

    Args:
        drawn: finite values, one at least.
        level: the share between the two.
    """
    ascending, outside = sorted(drawn), (1 - level) / 2
    return Interval(_quantile(ascending, outside), _quantile(ascending, 1 - outside))


def _quantile(ascending: Sequence[float], share: float) -> float:
    place = share * (len(ascending) - 1)
    below = math.floor(place)
    low, high = ascending[below], ascending[min(below + 1, len(ascending) - 1)]
    return low + (place - below) * (high - low)


def _middle_part(means: list[float], weights: Sequence[int], level: float) -> Interval:
    """Return between which values so much of the weight lies; each weighs 1 where none is given."""
    if not weights:
        return percentile_interval(means, level)
    pairs, rest = sorted(zip(means, weights, strict=True)), sum(weights) * (1 - level) / 2
    reached = [*accumulate(weight for _, weight in pairs)]
    low = bisect_right(reached, rest)
    high = bisect_left(reached, reached[-1] - rest)
    return Interval(pairs[low][0], pairs[high][0])


@lru_cache(maxsize=8)
def _resamples(count: int) -> tuple[list[tuple[int, ...]], Sequence[int]]:
    """Return for each place in the middle half what stands there, of each resample in turn.

    And how many ways of drawing lead to each, nothing where it is one.
    """
    if count <= EXACT:
        rows: list[Sequence[int]] = [*combinations_with_replacement(range(count), count)]
        weights = [math.factorial(count) // _ways(Counter(row)) for row in rows]
    else:
        from random import Random  # many tables have few seeds, and need it not

        draw = Random(_SEED)
        rows = [sorted(draw.choices(range(count), k=count)) for _ in range(RESAMPLES)]
        weights = []
    cut = count // 4
    return list(zip(*(row[cut : count - cut] for row in rows), strict=True)), weights


def _ways(counts: Counter[int]) -> int:
    """Return how many orders of places are the same, as places are drawn several times."""
    return math.prod(map(math.factorial, counts.values()))
