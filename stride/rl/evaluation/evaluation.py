"""What the episodes of an evaluation gave."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from stride.rl.environments import Episode
from stride.stats.intervals import Interval, bootstrap_interval
from stride.stats.moments import deviation, interquartile_mean, mean


@final
@dataclass(frozen=True)
class Evaluation:
    """Hold what each episode gave, in the order in which they were fixed beforehand.

    Attributes:
        returns: the sums of rewards, as the environment gave them.
        lengths: in steps.
        successes: 1.0 or 0.0 of each; empty where the environment does not tell `is_success`.
    """

    returns: tuple[float, ...]
    lengths: tuple[int, ...]
    successes: tuple[float, ...] = ()

    @classmethod
    def of(cls, episodes: Sequence[Episode]) -> "Evaluation":
        """Sum up episodes."""
        successes = [one.success for one in episodes if one.success is not None]
        return cls(
            tuple(one.total for one in episodes),
            tuple(one.length for one in episodes),
            tuple(successes) if len(successes) == len(episodes) else (),
        )

    @property
    def mean(self) -> float:
        """Return the mean return."""
        return mean(self.returns)

    @property
    def std(self) -> float:
        """Return the standard deviation of the returns, n - 1 in the denominator."""
        return deviation(self.returns)

    @property
    def iqm(self) -> float:
        """Return the interquartile mean of the returns."""
        return interquartile_mean(self.returns)

    @property
    def interval(self) -> Interval | None:
        """Return its 95 % bootstrap interval; None for a single episode.

        It is about further episodes of these weights; what another seed of the training gives,
        only further runs tell.
        """
        return bootstrap_interval(self.returns)

    @property
    def min(self) -> float:
        """Return the smallest return."""
        return min(self.returns)

    @property
    def max(self) -> float:
        """Return the largest return."""
        return max(self.returns)

    @property
    def length(self) -> float:
        """Return the mean length in steps."""
        return mean(self.lengths)

    @property
    def success(self) -> float | None:
        """Return the share of successes; None where the environment does not tell."""
        return mean(self.successes) if self.successes else None

    def values(self, prefix: str) -> dict[str, float]:
        """Return the numbers that a training records.

        Args:
            prefix: of their names: `validation`, or `validation/NAME` of a further environment.
        """
        found = {
            "return": self.mean,
            "return_std": self.std,
            "return_iqm": self.iqm,
            "return_min": self.min,
            "return_max": self.max,
            "length": self.length,
        }
        if self.success is not None:
            found["success"] = self.success
        return {f"{prefix}/{name}": value for name, value in found.items()}
