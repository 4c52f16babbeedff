"""Precision and recall of ranges instead of points."""

import numpy as np

from stride.metrics.detection.events import Events
from stride.metrics.detection.labelled_scores import Flags

EXISTENCE = 0.2
"""What it is worth to find an event at all, as in the published tables."""


def range_scores(
    predicted: Flags, labels: Flags, existence: float = EXISTENCE
) -> tuple[float, float]:
    """Return range-based (precision, recall), each NaN without a range to ask about.

    Of each event recall counts whether it is found at all, and the share of its points that is
    found, divided by the number of predicted ranges that find it. Precision asks the same of each
    predicted range about the events, by overlap alone. All positions in a range count alike.

    Source: Tatbul et al., Precision and Recall for Time Series, NeurIPS 2018, with flat
    bias and the reciprocal as cardinality factor.

    Args:
        predicted: (n,), which points are called anomalous.
        labels: (n,).
        existence: the weight alpha of recall, from 0 to 1; overlap has the rest.
    """
    alarms, events = Events.of(predicted), Events.of(labels)
    return _reward(alarms, events, labels, 0.0), _reward(events, alarms, predicted, existence)


def _reward(ranges: Events, others: Events, flags: Flags, existence: float) -> float:
    """Return the mean reward of ranges for what they share with others, whose points are flags."""
    if not len(ranges):
        return np.nan
    shared = ranges.overlapping(others)
    overlap = ranges.counts(flags) / ranges.lengths / np.maximum(shared, 1)
    return float(np.mean(existence * (shared > 0) + (1 - existence) * overlap))
