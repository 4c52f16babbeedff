"""Measures of alarms, point by point and adjusted to events."""

import numpy as np
import pytest

from stride.metrics.detection.alarms import (
    alarm_scores,
    f1,
    point_adjusted_f1,
    random_point_adjusted_f1,
)

LABELS = np.array([0, 1, 1, 1, 0, 0], bool)


def test_precision_recall_and_f1() -> None:
    counts = np.array([[1, 3, 0], [2, 4, 0], [3, 3, 3]])  # true, alarms, anomalous
    found = np.array(alarm_scores(*counts))
    wanted = [(1 / 2, 1 / 3, 2 / 5), (3 / 4, 1, 6 / 7), (np.nan, 0, 0)]
    assert pytest.approx(np.array(wanted), nan_ok=True) == found.T
    assert f1(0.5, 1.0) == pytest.approx(2 / 3) and f1(np.nan, 0.0) == 0


def test_one_alarm_in_an_event_counts_as_all_of_it() -> None:
    alarms = np.array([0, 1, 0, 0, 1, 0], bool)
    assert point_adjusted_f1(alarms, LABELS) == pytest.approx(2 * 3 / (4 + 3))


def test_random_alarms_look_good_where_events_are_long() -> None:
    labels = np.zeros(1_000, bool)
    labels[300:600] = True
    alarms = np.zeros(1_000, bool)
    alarms[:20] = True
    assert point_adjusted_f1(alarms, labels) == 0
    random = random_point_adjusted_f1(alarms, labels, seed=0)
    assert random > 0.9
    assert random == random_point_adjusted_f1(alarms[::-1], labels, seed=0)
