"""Compare two settings over the seeds that both were trained with."""

import math
from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from typing import Literal, NamedTuple, Self, TypeVar

from stride.stats.intervals import LEVEL, Interval, t_interval
from stride.stats.moments import deviation, mean
from stride.stats.student import t_quantile

Pair = TypeVar("Pair", bound=Hashable)
Verdict = Literal["better", "worse", "unclear"]
Mode = Literal["min", "max"]
"""Whether larger or smaller values are better."""

POWER = 0.8
"""How likely it is that so many seeds as `further` says will show a difference of this size."""

MOST = 1000  # seeds, beyond which none are counted


class Paired(NamedTuple):
    """Hold the differences of one setting to another, seed by seed.

    Attributes:
        n: the number of pairs.
        mean: of the differences; NaN without any, or where one is not finite.
        deviation: of the differences; 0 for one pair.
        interval: Student's, of their mean; None for fewer than two pairs.
        level: of the interval.
    """

    n: int
    mean: float
    deviation: float
    interval: Interval | None
    level: float = LEVEL

    @classmethod
    def of(cls, differences: Sequence[float], level: float = LEVEL) -> Self:
        """Compare by differences, one for each seed.

        Args:
            differences: value of the one minus value of the other.
            level: of the interval.
        """
        interval = t_interval(differences, level)
        moments = mean(differences), deviation(differences)
        return cls(len(differences), *moments, interval, level)

    @property
    def error(self) -> float | None:
        """Return the standard error of the mean; None for fewer than two pairs."""
        return None if self.n < 2 else self.deviation / math.sqrt(self.n)

    @property
    def effect(self) -> float | None:
        """Return the mean in deviations of the differences, freed of the bias of few pairs.

        Below 0.2 is little, above 0.8 much (Cohen). None for fewer than three pairs, and where
        they do not vary.

        Source: Hedges, Distribution Theory for Glass's Estimator of Effect Size, Journal of
        Educational Statistics 6 (1981), with the deviation of the differences.
        """
        if self.n < 3 or not self.deviation > 0:
            return None
        half = (self.n - 1) / 2
        bias = math.exp(math.lgamma(half) - math.lgamma(half - 0.5)) / math.sqrt(half)
        return bias * self.mean / self.deviation

    def verdict(self, mode: Mode) -> Verdict:
        """Tell whether the one is better or worse than the other, as far as chance goes.

        It is the paired t-test: the interval does not hold 0. Where all differences are equal,
        as those of counts may be, no deviation is known; then it is a test of signs.

        Args:
            mode: "max" where larger values are better, "min" where smaller ones are.
        """
        if self.interval is None or not math.isfinite(self.mean) or self.interval.holds(0.0):
            return "unclear"
        if self.deviation == 0 and self.n < self._fewest_alike:
            return "unclear"
        return "better" if (self.mean > 0) == (mode == "max") else "worse"

    def further(self) -> int | None:
        """Return how many more pairs would show a difference of this size with probability POWER.

        0 where it is shown; None where that cannot be said, as of a single pair, or where more than
        MOST in all are needed. The mean and deviation found are taken for the true ones.

        Source: n = ((t(1 - a/2) + t(power)) deviation / mean)^2, solved for n, with n - 1 degrees
        of freedom: Chow, Shao and Wang, Sample Size Calculations in Clinical Research, 3.1.
        """
        if self.n >= 2 and self.verdict("max") != "unclear":
            return 0
        if self.n < 2 or not math.isfinite(self.mean) or self.mean == 0:
            return None
        if self.deviation == 0:
            return self._fewest_alike - self.n
        ratio = abs(self.mean) / self.deviation
        counts = range(self.n + 1, MOST + 1)
        place = bisect_left(counts, True, key=lambda n: self._shows(ratio, n))
        return place + 1 if place < len(counts) else None

    @property
    def _fewest_alike(self) -> int:
        """Return how many pairs have to have one sign: by chance they have it in 2 of 2^n cases."""
        return math.ceil(1 - math.log2(1 - self.level))

    def _shows(self, ratio: float, n: int) -> bool:
        """Tell whether n pairs are likely to show a mean of so many deviations."""
        needed = t_quantile(self.level, n - 1) + t_quantile(2 * POWER - 1, n - 1)
        return math.sqrt(n) * ratio >= needed


def differences(values: Mapping[Pair, float], others: Mapping[Pair, float]) -> list[float]:
    """Return value minus other value for each pair that both have.

    Args:
        values: by what makes a pair, as a seed.
        others: likewise.
    """
    return [value - others[pair] for pair, value in values.items() if pair in others]
