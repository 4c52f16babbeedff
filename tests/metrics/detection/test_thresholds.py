"""Thresholds chosen by best F1 and by the rate of false alarms."""

import numpy as np
import pytest

from stride.errors import DataError
from stride.metrics.detection.labelled_scores import LabelledScores
from stride.metrics.detection.thresholds import BestF1, FalsePositiveRate
from tests.metrics.detection.references import random_case


def test_the_best_f1_is_the_best_of_all_scores_and_the_highest_of_several() -> None:
    for seed in range(20):
        case = random_case(seed)
        chosen = BestF1().choose(LabelledScores.of(case.scores, case.labels))
        f1 = {}
        for cut in set(case.scores.tolist()):
            alarms = case.scores >= cut
            f1[cut] = 2 * (alarms & case.labels).sum() / (alarms.sum() + case.labels.sum())
        best = max(f1.values())
        assert chosen.value == max(cut for cut in f1 if f1[cut] == pytest.approx(best))


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.29, 0.5])
def test_a_lower_threshold_would_give_more_false_alarms(rate: float) -> None:
    normal = np.arange(100.0)
    data = LabelledScores.of([*normal, 200], [0] * 100 + [1])
    threshold = FalsePositiveRate(rate).choose(data)
    assert threshold.apply(normal).sum() == round(100 * rate)
    assert (normal >= np.nextafter(threshold.value, -np.inf)).sum() == round(100 * rate) + 1


def test_ties_never_give_more_than_the_rate() -> None:
    data = LabelledScores.of([1, 1, 1, 0, 2], [0, 0, 0, 0, 1])
    assert FalsePositiveRate(0.5).choose(data).apply(data.scores).tolist() == [False] * 4 + [True]


def test_one_class_gives_no_threshold_but_normal_points_give_their_rate() -> None:
    normal = LabelledScores.of([1, 2, 3])
    assert BestF1().choose(normal).reason == "there are no labels in the validation set"
    assert FalsePositiveRate(0).choose(normal).value > 3
    assert FalsePositiveRate(0).choose(LabelledScores.of([1, 2], [1, 1])).reason


@pytest.mark.parametrize("rate", [-0.1, 1, float("nan")])
def test_a_rate_is_a_share(rate: float) -> None:
    with pytest.raises(DataError, match="is not a share from 0 to 1"):
        FalsePositiveRate(rate)
