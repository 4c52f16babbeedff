"""Areas under the ROC and the precision-recall curve, by ranks."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from stride.metrics.detection.events import Integers
from stride.metrics.detection.labelled_scores import Flags, LabelledScores


@dataclass(frozen=True, eq=False)
class Ranking:
    """Points ordered by their scores, the highest first; points of one score are one step.

    Attributes:
        order: (n,), indices of the points.
        ends: (k,), places in the order at which a step ends.
        labels: (n,), in that order.
    """

    order: Integers
    ends: Integers
    labels: Flags

    @classmethod
    def of(cls, data: LabelledScores) -> Self:
        """Sort the scores."""
        order = np.argsort(-data.scores, kind="stable")
        ordered = data.scores[order]
        ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
        return cls(order, ends, data.labels[order])

    def positives(self, weights: Integers | None = None) -> tuple[Integers, Integers]:
        """Return the true and the false positives from each threshold on: (k,) both.

        Args:
            weights: (n,), how often each point counts; once without it.
        """
        counted = np.ones(len(self.order), np.int64) if weights is None else weights[self.order]
        true = np.cumsum(np.where(self.labels, counted, 0))[self.ends]
        return true, np.cumsum(counted)[self.ends] - true


def areas_of_errors(errors: NDArray[np.float32], labels: Flags) -> tuple[float, float]:
    """Return the areas (ROC, PR) of errors from 0 on; NaN of one class, or where one is NaN.

    The bits of a number from 0 on are as large as it is. Each with its label behind them is sorted
    as one whole number: a fraction of the time that `Ranking` takes, which has to know the order.
    """
    if not len(errors) or not np.isfinite(errors).all():
        return np.nan, np.nan
    bits = np.abs(errors).view(np.uint32)  # of one zero, whatever its sign
    keys = np.sort(bits << np.uint32(1) | labels)[::-1]
    ends = np.append(np.flatnonzero(keys[1:] >> 1 != keys[:-1] >> 1), len(keys) - 1)
    true = np.cumsum(keys & 1, dtype=np.int64)[ends]
    return areas(true, ends + 1 - true)


def areas(true: Integers, false: Integers) -> tuple[float, float]:
    """Return the areas (ROC, PR) for the positives from each threshold on; NaN of one class.

    The ROC area is that of Mann and Whitney (1947): how often an anomaly has a higher score than a
    normal point, ties counted half. The PR area is the average precision: the sum over the
    thresholds of (what recall gains) * precision, without interpolation (Davis and Goadrich, The
    relationship between precision-recall and ROC curves, ICML 2006, on why there is none).
    """
    anomalous, normal = int(true[-1]), int(false[-1])
    if not anomalous or not normal:
        return np.nan, np.nan
    gained = np.diff(true, prepend=0)
    # Twice the area in whole numbers, so that its sum has no rounding.
    twice = int(np.diff(false, prepend=0) @ (2 * true - gained))
    predicted = np.maximum(true + false, 1)  # resamples may lack the highest scores
    return twice / (2 * anomalous * normal), float(gained @ (true / predicted)) / anomalous
