"""Sum up runs on several tasks: their interquartile mean, and how likely one is the better."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain

from stride.stats.moments import interquartile_mean, mean
from stride.stats.paired import Mode

Tasks = Sequence[Sequence[float]]
"""Of each task in turn, the values of its runs."""


def interquartile_mean_over(tasks: Tasks) -> float:
    """Return the interquartile mean of the runs of all tasks together.

    Source: Agarwal et al. 2021 (arXiv 2108.13264), section 4.3.

    Args:
        tasks: on one scale.
    """
    return interquartile_mean([*chain.from_iterable(tasks)])


def probability_of_improvement(tasks: Tasks, others: Tasks, mode: Mode) -> float:
    """Return how likely a run is better than another setting's on the same task, over all tasks.

    On each task it is the share of pairs of runs of which the first is the better one; half of it
    where they are equal. 0.5 is no difference. The scales of the tasks do not matter.

    Source: Agarwal et al. 2021 (arXiv 2108.13264), section 4.3: the Mann-Whitney U statistic by the
    number of pairs, averaged over tasks.

    Args:
        tasks: of the one setting.
        others: of the other, the same tasks in the same order.
        mode: which way is better.
    """
    above = mean([_above(one, other) for one, other in zip(tasks, others, strict=True)])
    return above if mode == "max" else 1 - above


def _above(values: Sequence[float], others: Sequence[float]) -> float:
    """Return the share of pairs of which the first is the larger one."""
    ascending = sorted(others)
    twice = sum(bisect_left(ascending, one) + bisect_right(ascending, one) for one in values)
    return twice / (2 * len(values) * len(others))


def scaled_by_range(tasks: Tasks) -> list[list[float]]:
    """Return the values of each task so that its smallest is 0 and its largest 1.

    Args:
        tasks: of each, the finite values of all settings; they are 0 where they do not differ.
    """
    return [_by_range(values) for values in tasks]


def _by_range(values: Sequence[float]) -> list[float]:
    low, high = min(values, default=0.0), max(values, default=0.0)
    return [(value - low) / (high - low) if high > low else 0.0 for value in values]
