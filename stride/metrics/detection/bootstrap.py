"""Intervals of measures by resampling snippets, or blocks of a series."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stride.metrics.detection.events import Integers
from stride.metrics.detection.labelled_scores import Floats
from stride.stats.intervals import LEVEL, Interval

_NUMBERS = 2**15
"""So many weights are drawn at once: they stay in the cache of a processor."""


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
        """Yield for some resamples after others how often each of count points is drawn.

        Args:
            count: points or snippets.

        Yields:
            (r, count), of r resamples.
        """
        generator = np.random.default_rng(self.seed)
        steps, blocks = np.arange(self.block), -(-count // self.block)
        most = max(1, _NUMBERS // count)
        for done in range(0, self.resamples, most):
            rows = min(most, self.resamples - done)
            starts = generator.integers(count, size=(rows, blocks, 1))
            drawn = (starts + steps).reshape(rows, -1)[:, :count] % count
            places = drawn + count * np.arange(rows)[:, None]
            yield np.bincount(places.reshape(-1), minlength=rows * count).reshape(rows, count)

    def of(self, count: int, measure: Callable[[Integers], Sequence[Floats]]) -> list[Resampled]:
        """Return what the resamples say of each number of a measure; nothing without resamples.

        Args:
            count: points or snippets.
            measure: of weights (r, count) it gives some numbers, (r,) each.
        """
        if not self.resamples:
            return []
        parts = [np.stack(measure(weights)) for weights in self.weights(count)]
        return [_percentiles(values) for values in np.concatenate(parts, axis=1)]


def _percentiles(values: Floats) -> Resampled:
    known = values[~np.isnan(values)]
    if not len(known):
        return Resampled(None, len(values))
    bounds = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return Resampled(Interval(*bounds), len(values) - len(known))
