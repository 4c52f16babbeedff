"""Volumes by hand, and what a window does."""

import numpy as np
import pytest

from stride.metrics.detection.areas import Ranking, areas
from stride.metrics.detection.labelled_scores import LabelledScores
from stride.metrics.detection.volume import volume
from stride.metrics.detection.window import Window

LATE = LabelledScores.of([0.0, 0, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0])
"""The one alarm comes one point after the event."""


def test_without_a_window_volumes_are_areas() -> None:
    found = volume(LATE, Window(0, ""), thresholds=6)
    assert found == pytest.approx(areas(*Ranking.of(LATE).positives()))


def test_an_alarm_beside_an_event_counts_in_part() -> None:
    # Window 2: the alarm counts sqrt(1 / 2) of a point, of 1 + sqrt(1 / 2) / 2 positives.
    share = np.sqrt(0.5)
    recall = share / (1 + share / 2)
    zero, two = areas(*Ranking.of(LATE).positives())[1], recall * share
    two += (1 - recall) * (1 + 2 * share) / 6  # all points are alarms: both neighbours count
    assert volume(LATE, Window(2, ""), thresholds=6).pr == pytest.approx((2 * zero + two) / 3)


def test_volumes_of_one_class_are_not_defined() -> None:
    assert np.isnan(volume(LabelledScores.of([1, 2], [1, 1]), Window(2, ""))).all()
