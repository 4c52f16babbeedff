"""Calibration error, temperature scaling and retrain triggers."""

import math
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from stride.active.validation import class_labels, require_matrix, require_probabilities
from stride.errors import DataError

RANGE = 100.0  # of a temperature, either way of the size of the logits
HALVINGS = 40  # of that range's logarithm: to 1e-11


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram: accuracy per confidence bin, with ECE and MCE.

    Bin i holds the samples with i / bins < confidence <= (i + 1) / bins, the first also those of
    confidence 0.

    Attributes:
        counts: samples in each bin.
        confidence: their mean confidence; None in an empty bin.
        accuracy: the share of them that was right, likewise.
        ece: the expected calibration error: the mean over all samples of the gap between accuracy
            and confidence in their bin (M. Naeini, G. Cooper and M. Hauskrecht, "Obtaining Well
            Calibrated Probabilities Using Bayesian Binning", 2015).
        mce: the maximum calibration error: the largest such gap.
    """

    counts: tuple[int, ...]
    confidence: tuple[float | None, ...]
    accuracy: tuple[float | None, ...]
    ece: float
    mce: float

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}


def reliability(probabilities: Tensor, labels: Tensor, bins: int = 15) -> Reliability:
    """Compute the reliability diagram of predictions, in bins of equal width.

    Args:
        probabilities: (n, classes); the largest is the prediction, and its confidence.
        labels: (n,), classes from 0 on.
        bins: how many, from 1 on.

    Raises:
        DataError: rows that are not probabilities, labels that do not fit them, or no bins.
    """
    if bins < 1:
        raise DataError(f"bins={bins} is not a number of bins", where="bins", hint="type bins=15")
    rows = require_probabilities(probabilities, "probabilities").cpu()  # where sums have one order
    confidence, predicted = rows.max(dim=1)
    right = (predicted == class_labels(labels, rows)).double()
    # Rounded as the confidences are, so that a confidence of 0.6 in float32 is on the edge 0.6.
    edges = (torch.arange(1, bins, dtype=torch.float64) / bins).to(probabilities.dtype).double()
    places = torch.bucketize(confidence, edges)
    counts = places.bincount(minlength=bins).tolist()
    sure = places.bincount(confidence, minlength=bins).tolist()
    hits = places.bincount(right, minlength=bins).tolist()
    gaps = [abs(hit - trust) for hit, trust in zip(hits, sure, strict=True)]
    return Reliability(
        counts=tuple(counts),
        confidence=_means(sure, counts),
        accuracy=_means(hits, counts),
        ece=math.fsum(gaps) / len(rows),
        mce=max(gap / count for gap, count in zip(gaps, counts, strict=True) if count),
    )


def _means(sums: list[float], counts: list[int]) -> tuple[float | None, ...]:
    return tuple(s / count if count else None for s, count in zip(sums, counts, strict=True))


def temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the T for which softmax(logits / T) gives the labels the largest likelihood.

    The mean negative log likelihood is convex in 1/T, and T is where its slope changes sign. Take
    it from validation samples: training made its own too sure. C. Guo et al., "On Calibration of
    Modern Neural Networks", 2017, arXiv 1706.04599.

    Args:
        logits: (n, classes).
        labels: (n,), classes from 0 on.

    Returns:
        at least 1/100 of the logits' standard deviation within samples, and there where every
        sample is right, which any smaller T would make more likely still; at most 100 times it,
        and there where guessing would be better. 1 where the logits of all classes are equal.

    Raises:
        DataError: logits that are not finite, or labels that do not fit them.
    """
    rows = require_matrix(logits, "logits")
    classes = class_labels(labels, rows)
    if int(classes.max()) >= rows.shape[1]:
        what = f"labels hold {int(classes.max())}, and there are {rows.shape[1]} logits a sample"
        raise DataError(what, where="labels")
    size = float(rows.var(dim=1, correction=0).mean().sqrt())
    if size == 0:
        return 1.0
    behind = rows - rows.gather(1, classes[:, None])
    low, high = 1 / (RANGE * size), RANGE / size
    for _ in range(HALVINGS):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if _slope(behind, middle) > 0 else (middle, high)
    return 1 / math.sqrt(low * high)


def _slope(behind: Tensor, inverse: float) -> float:
    """Return by how much the negative log likelihood grows with 1/T.

    Args:
        behind: (n, classes), the logits less that of the label.
        inverse: 1/T.
    """
    return float(((behind * inverse).softmax(dim=1) * behind).sum(dim=1).mean())


class RetrainTrigger:
    """Detect when a number that should stay low, such as the ECE, has risen.

    It has when it exceeds the mean of all values before it by more than `deviations` of their
    standard deviation. The value itself is no part of that: among n values none can be further
    than (n - 1) / sqrt(n) deviations from the mean of all, 1.79 for five.

    Args:
        deviations: how many.
        min_history: values that are only remembered, two at least.

    Raises:
        DataError: one of the two is too small.
    """

    def __init__(self, deviations: float = 3.0, min_history: int = 5) -> None:
        if not deviations >= 0 or min_history < 2:
            what = f"deviations={deviations} and min_history={min_history} make no trigger"
            raise DataError(what, where="RetrainTrigger", hint="type deviations=3, min_history=5")
        self.deviations, self.min_history = deviations, min_history
        self._values: list[float] = []

    def check(self, value: float) -> bool:
        """Tell whether a value has risen above those before it, and remember it.

        Raises:
            DataError: it is NaN or infinite.
        """
        if not math.isfinite(value):
            raise DataError(
                f"a value of {value} cannot be compared with those before it",
                where="RetrainTrigger",
                hint="look for NaN in the network's outputs",
            )
        risen = len(self._values) >= self.min_history and value > self._limit()
        self._values.append(value)
        return risen

    def reset(self) -> None:
        """Reset all values, as after the retraining."""
        self._values = []

    def _limit(self) -> float:
        # Both are exact: the mean of equal values is that value, and their deviation zero.
        mean = statistics.mean(self._values)
        return mean + self.deviations * statistics.stdev(self._values)

    def state_dict(self) -> dict[str, Any]:
        """Return the values so far."""
        return {"values": list(self._values)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore these values."""
        self._values = list(state["values"])
