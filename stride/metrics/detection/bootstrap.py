"""Intervals of measures by resampling snippets, or blocks of a series."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stride.metrics.detection.events import Integers
from stride.metrics.detection.labelled_scores import Floats
from stride.stats.intervals import LEVEL, Interval


class Resampled(NamedTuple):
    """What the resamples say of one number.

    Attributes:
        interval: between percentiles; None without a resample where the number is defined.
        left_out: in how many resamples it is not, as an area where all labels are of one class.
    """

    interval: Interval | None = None
    left_out: int = 0


NOT_RESAMPLED = Resampled()


@dataclass(frozen=True)
class Bootstrap:
    """How points or snippets are drawn again, with replacement.

    Blocks follow each other round the end of the series (Politis and Romano, A circular block
    resampling procedure for stationary data, 1992); of length 1 they are the plain bootstrap of
    Efron. Neighbours in a series are alike: drawn one by one they would give intervals that are
    far too narrow.

    Attributes:
        resamples: how many; 0 gives no intervals.
        block: length of a block.
        seed: of the draws, the same for all scores of a table.
    """

    resamples: int
    block: int
    seed: int

    def weights(self, count: int) -> Iterator[Integers]:
        """Yield for each resample how often each of count points is drawn: (count,)."""
        generator = np.random.default_rng(self.seed)
        steps, blocks = np.arange(self.block), -(-count // self.block)
        for _ in range(self.resamples):
            starts = generator.integers(count, size=(blocks, 1))
            drawn = (starts + steps).reshape(-1)[:count] % count
            yield np.bincount(drawn, minlength=count)

    def of(self, count: int, measure: Callable[[Integers], tuple[float, ...]]) -> list[Resampled]:
        """Return what the resamples say of each number that a measure gives for weights."""
        rows = np.array([measure(weights) for weights in self.weights(count)])
        return [_percentiles(column) for column in rows.T]


def _percentiles(values: Floats) -> Resampled:
    known = values[~np.isnan(values)]
    if not len(known):
        return Resampled(None, len(values))
    bounds = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return Resampled(Interval(*bounds), len(values) - len(known))
