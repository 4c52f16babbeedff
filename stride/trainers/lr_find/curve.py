"""The curve of a range test: losses over learning rates, and the rate that they suggest."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from stride.config.sections.lr_find import LrFindConfig

SMOOTHING = 0.9
"""What is left of the mean of the losses in a step.

It lags 9 steps behind. With 0.98, which is usual too, it would be 49: half of 100 steps, over which
the rate grows by four powers of ten.
"""

DIVERGED = 4.0
"""How many times the best smoothed loss ends the test."""

_SKIPPED = 10  # the first of so many parts of the steps: the mean is of few losses there


class Suggestion(NamedTuple):
    """Hold a learning rate, None with the reason where there is none."""

    lr: float | None
    reason: str = ""


class LrCurve:
    """The losses of the steps so far, and their exponential moving mean without its bias.

    Args:
        config: over which rates, in how many steps.
        losses: of the first steps.

    Attributes:
        config: as it was given.
        losses: of each step, all finite.
        smoothed: their moving mean, divided by the weight that it has so far (Kingma and Ba, Adam,
            2014, arXiv 1412.6980, section 3).
    """

    def __init__(self, config: LrFindConfig, losses: Iterable[float] = ()) -> None:
        self.config = config
        self.losses: list[float] = []
        self.smoothed: list[float] = []
        self._mean, self._best = 0.0, math.inf
        for loss in losses:
            self.add(loss)

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, of which 1 is the first."""
        config = self.config
        part = (step - 1) / (config.num_steps - 1)
        return float(config.min_lr ** (1 - part) * config.max_lr**part)

    @property
    def rates(self) -> list[float]:
        """Return the learning rate of each step so far."""
        return [self.rate(number) for number in range(1, len(self.losses) + 1)]

    def add(self, loss: float) -> None:
        """Take the loss of the next step."""
        self._mean = SMOOTHING * self._mean + (1 - SMOOTHING) * loss
        self.losses.append(loss)
        self.smoothed.append(self._mean / (1 - SMOOTHING ** len(self.losses)))
        self._best = min(self._best, self.smoothed[-1])

    def has_diverged(self) -> bool:
        """Tell whether the smoothed loss is beyond 4 times its best.

        It is counted from the best in sizes of the best, so that it holds for negative losses too.
        """
        return self.smoothed[-1] > self._best + (DIVERGED - 1) * abs(self._best)

    def suggest(self) -> Suggestion:
        """Return the rate at which the smoothed loss falls most steeply over the log of the rate.

        L. N. Smith, Cyclical Learning Rates, 2017 (arXiv 1506.01186), section 3.3, looks for where
        the loss begins to fall and where it gets ragged; that the steepest slope lies well between
        them is the rule of fastai and Lightning. Here only what comes before the lowest smoothed
        loss counts: after it a loss that has exploded falls back, more steeply than it ever
        learnt. The first tenth of the steps is left out.
        """
        skipped = self.config.num_steps // _SKIPPED
        lowest = min(range(len(self.smoothed)), key=self.smoothed.__getitem__, default=0)
        falling = self.smoothed[skipped : lowest + 1]
        if len(falling) < 3 or falling[0] - falling[-1] <= _noise(self.losses[: lowest + 1]):
            return Suggestion(None, "the loss falls no further than it varies from step to step")
        # Rates grow by one factor, so that differences over steps are those over logs of rates.
        slopes = [after - before for before, after in zip(falling, falling[2:], strict=False)]
        steepest = min(range(len(slopes)), key=slopes.__getitem__)
        return Suggestion(self.rate(skipped + steepest + 2))


def _noise(losses: Sequence[float]) -> float:
    """Return the deviation of losses from step to step, whatever way they go meanwhile.

    Half of the mean square of successive differences is their variance (von Neumann, 1941).
    """
    squares = [(after - before) ** 2 for before, after in pairwise(losses)]
    return math.sqrt(sum(squares) / len(squares) / 2)
