"""Measure alarms point by point: precision, recall, F1, and the F1 that is adjusted to events."""

import numpy as np

from stride.metrics.detection.events import Events, Integers
from stride.metrics.detection.labelled_scores import Flags, Floats

DRAWS = 20
"""Random alarms are placed so often; their mean is shown."""


def alarm_scores(
    true: Integers, alarms: Integers, anomalous: Integers
) -> tuple[Floats, Floats, Floats]:
    """Return (precision, recall, F1); NaN where there is nothing to take a share of.

    Args:
        true: (...), how many points or snippets are alarms and anomalous.
        alarms: (...), how many are alarms.
        anomalous: (...), how many are anomalous.
    """
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN
        return true / alarms, true / anomalous, 2 * true / (alarms + anomalous)


def f1(precision: float, recall: float) -> float:
    """Return the harmonic mean of both; 0 where nothing is found."""
    return 2 * precision * recall / (precision + recall) if recall > 0 else 0.0


def point_adjusted_f1(predicted: Flags, labels: Flags) -> float:
    """Return the F1 of points where one alarm in an event counts as alarms in all of it.

    It is high by chance where events are long (Kim et al., Towards a Rigorous Evaluation of
    Time-series Anomaly Detection, AAAI 2022): read it beside `random_point_adjusted_f1`.

    Args:
        predicted: (n,), which points are called anomalous.
        labels: (n,), at least one is set.
    """
    events = Events.of(labels)
    true = int(events.lengths[events.counts(predicted) > 0].sum())
    false = int((predicted & ~labels).sum())
    return 2 * true / (true + false + int(labels.sum()))


def random_point_adjusted_f1(predicted: Flags, labels: Flags, seed: int) -> float:
    """Return the mean point-adjusted F1 of as many alarms at random places.

    Args:
        predicted: (n,), only their number counts.
        labels: (n,), at least one is set.
        seed: of the places.
    """
    generator, count = np.random.default_rng(seed), int(predicted.sum())
    values = []
    for _ in range(DRAWS):
        placed = np.zeros(len(labels), bool)
        placed[generator.choice(len(labels), count, replace=False, shuffle=False)] = True
        values.append(point_adjusted_f1(placed, labels))
    return float(np.mean(values))
