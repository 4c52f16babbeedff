"""The corners of a ROC curve, beside those of scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import auc, roc_auc_score
from sklearn.metrics import roc_curve as reference

from stride.metrics.detection import LabelledScores
from stride.metrics.detection.roc import roc_curve


@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_the_corners_are_those_of_scikit_learn(levels):
    for seed in range(20):
        draw = np.random.default_rng(seed)
        labels, scores = draw.random(60) < 0.3, draw.integers(0, levels, 60)
        curve = roc_curve(LabelledScores.of(scores, labels))
        false, true, _ = reference(labels, scores, drop_intermediate=False)
        assert {*zip(*curve, strict=True)} <= {*zip(false, true, strict=True)}
        assert curve[:, 0].tolist() == [0, 0] and curve[:, -1].tolist() == [1, 1]
        assert auc(*curve) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
        inner = np.diff(curve)
        turns = inner[0, :-1] * inner[1, 1:] - inner[1, :-1] * inner[0, 1:]
        assert (abs(turns) > 1e-12).all()  # no corner lies on a straight line


def test_of_many_corners_a_few_are_kept_with_both_ends():
    draw = np.random.default_rng(0)
    data = LabelledScores.of(draw.random(5000), draw.random(5000) < 0.5)
    curve = roc_curve(data, most=50)
    assert curve.shape == (2, 50)
    assert curve[:, 0].tolist() == [0, 0] and curve[:, -1].tolist() == [1, 1]
    assert auc(*curve) == pytest.approx(auc(*roc_curve(data)), abs=0.01)
