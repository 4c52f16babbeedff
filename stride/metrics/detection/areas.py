"""Areas under the ROC and the precision-recall curve, by ranks."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from stride.metrics.detection.events import Integers
from stride.metrics.detection.labelled_scores import Flags, Floats, LabelledScores


@dataclass(frozen=True, eq=False)
class Ranking:
    """Points ordered by their scores, the highest first; points of one score are one step.

    Attributes:
        order: (n,), indices of the points.
        cuts: (k + 1,), 0, and how many points are ranked up to the end of each step.
        labels: (n,), in that order.
    """

    order: Integers
    cuts: Integers
    labels: Flags

    @classmethod
    def of(cls, data: LabelledScores) -> Self:
        """Sort the scores."""
        order = np.argsort(-data.scores)
        ordered = data.scores[order]
        return cls(order, _cuts(ordered[1:] != ordered[:-1]), data.labels[order])

    def positives(self, weights: Integers | None = None) -> tuple[Integers, Integers]:
        """Return the true and all positives before the first step and from each one on: (..., k+1).

        Args:
            weights: (..., n), how often each point counts; once without it.
        """
        if weights is None:
            return _sums(self.labels)[self.cuts], self.cuts
        counted = np.take(weights, self.order, axis=-1)
        true, predicted = _sums(counted * self.labels), _sums(counted)
        return np.take(true, self.cuts, axis=-1), np.take(predicted, self.cuts, axis=-1)


def areas_of_errors(errors: NDArray[np.float32], labels: Flags) -> tuple[float, float]:
    """Return the areas (ROC, PR) of errors from 0 on; NaN of one class, or where one is NaN.

    The bits of a number from 0 on are as large as it is. Each with its label behind them is sorted
    as one whole number: a fraction of the time that `Ranking` takes, which has to know the order.
    """
    sizes = np.abs(errors)  # of one zero, whatever its sign
    if not len(sizes) or not np.isfinite(sizes.max()):
        return np.nan, np.nan
    keys = sizes.view(np.uint32)  # changed in place: to make arrays takes most of the time
    np.invert(keys, out=keys)  # the largest error first
    keys <<= 1
    keys |= labels
    keys.sort()
    cuts = _cuts(keys[1:] ^ keys[:-1] > 1)
    keys &= 1
    roc, pr = areas(_sums(keys)[cuts], cuts)
    return float(roc), float(pr)


def areas(true: Integers, predicted: Integers) -> tuple[Floats, Floats]:
    """Return the areas (ROC, PR) for the positives from each threshold on; NaN of one class.

    The ROC area is that of Mann and Whitney (1947): how often an anomaly has a higher score than a
    normal point, ties counted half. The PR area is the average precision: the sum over the
    thresholds of (what recall gains) * precision, without interpolation (Davis and Goadrich, The
    relationship between precision-recall and ROC curves, ICML 2006, on why there is none).

    Args:
        true: (..., k + 1), the true positives, as `Ranking.positives` gives them.
        predicted: (..., k + 1), all positives.

    Returns:
        (...) of both.
    """
    anomalous = true[..., -1]
    pairs = 2 * anomalous * (predicted[..., -1] - anomalous)
    gained = np.diff(true)
    # Twice the pairs in the wrong order, in whole numbers, so that their sum has no rounding.
    wrong = np.vecdot(gained, predicted[..., 1:] + predicted[..., :-1]) - anomalous**2
    # Resamples may lack the highest scores.
    precision = true[..., 1:] / np.maximum(predicted[..., 1:], 1)
    with np.errstate(invalid="ignore"):  # without a pair: 0 / 0
        roc = (pairs - wrong) / pairs
    return roc, np.vecdot(gained, precision) / np.where(pairs, anomalous, np.nan)


def _cuts(changes: Flags) -> Integers:
    """Return where steps begin and end, by whether each point has another score than the last."""
    return np.flatnonzero(np.concatenate([[True], changes, [True]]))


def _sums(values: NDArray[np.generic]) -> Integers:
    """Return the sums of the first 0, 1, ... values: (..., n + 1)."""
    sums = np.zeros((*values.shape[:-1], values.shape[-1] + 1), np.int64)
    sums[..., 1:] = values  # of one type with the sums, which is faster
    return np.cumsum(sums, axis=-1, out=sums)
