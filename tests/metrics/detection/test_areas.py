"""Areas by ranks: ties, and weights as repeated points."""

import numpy as np
import pytest
import torch

from stride.metrics.classification import area_under_roc
from stride.metrics.detection.areas import Ranking, areas, areas_of_errors
from stride.metrics.detection.labelled_scores import LabelledScores
from tests.metrics.detection.references import random_case


def measured(scores: object, labels: object) -> tuple[float, float]:
    roc, pr = areas(*Ranking.of(LabelledScores.of(scores, labels)).positives())
    return float(roc), float(pr)


def test_the_areas_of_four_points() -> None:
    assert measured([0.9, 0.8, 0.8, 0.1], [1, 0, 1, 0]) == pytest.approx((0.875, 5 / 6))
    assert measured([1, 1, 1, 1], [1, 0, 0, 0]) == (0.5, 0.25)
    assert measured([3, 2, 1], [1, 0, 0]) == (1.0, 1.0)
    assert np.isnan(measured([3, 2, 1], [0, 0, 0])).all()


def test_the_roc_area_is_the_metrics_auc() -> None:
    for seed in range(20):
        case = random_case(seed)
        scores, labels = torch.from_numpy(case.scores), torch.from_numpy(case.labels).long()
        assert measured(scores, labels)[0] == pytest.approx(area_under_roc(scores, labels), 1e-12)


def test_a_weight_is_a_point_as_often() -> None:
    for seed in range(20):
        case = random_case(seed)
        weights = np.random.default_rng(seed).integers(0, 4, (2, len(case.scores)))
        ranking = Ranking.of(LabelledScores.of(case.scores, case.labels))
        found = np.transpose(areas(*ranking.positives(weights)))
        for one, each in zip(found, weights, strict=True):
            wanted = measured(*(np.repeat(part, each) for part in (case.scores, case.labels)))
            assert one == pytest.approx(np.array(wanted), nan_ok=True)


def test_the_areas_of_errors_are_those_of_a_ranking_to_the_last_bit() -> None:
    for seed in range(20):
        case = random_case(seed)
        errors = np.abs(case.scores).astype(np.float32)
        errors[:2] = [0.0, -0.0]
        assert areas_of_errors(errors, case.labels) == measured(errors, case.labels)
    flags, nothing = np.array([True, False]), np.float32([])
    assert np.isnan(areas_of_errors(np.float32([1, np.inf]), flags)).all()
    assert np.isnan(areas_of_errors(np.float32([1, 2]), flags | True)).all()
    assert np.isnan(areas_of_errors(nothing, nothing > 0)).all()
