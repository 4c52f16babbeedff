"""Rank settings on several tasks, and average the ranks."""

from collections.abc import Sequence

from stride.stats.moments import mean
from stride.stats.paired import Mode


def ranks(values: Sequence[float], mode: Mode) -> list[float]:
    """Return the rank of each value, 1 for the best; equal ones share the mean of their ranks.

    Args:
        values: finite ones.
        mode: which way is better.
    """
    sign = -1.0 if mode == "max" else 1.0
    order = sorted(sign * value for value in values)
    firsts = [order.index(sign * value) + 1 for value in values]
    return [
        first + (order.count(sign * value) - 1) / 2
        for first, value in zip(firsts, values, strict=True)
    ]


def mean_ranks(tasks: Sequence[Sequence[float]], mode: Mode) -> list[float]:
    """Return the mean rank of each setting over tasks, none where there are no tasks.

    Source: J. Demsar, Statistical Comparisons of Classifiers over Multiple Data Sets, Journal of
    Machine Learning Research 7 (2006).

    Args:
        tasks: of each, the values of all settings, in one order.
        mode: which way is better.
    """
    placed = [ranks(values, mode) for values in tasks]
    return [mean(of_one) for of_one in zip(*placed, strict=True)]
