"""Scores and labels are checked before anything is measured."""

import re

import numpy as np
import pytest
import torch

from stride.errors import DataError
from stride.metrics.detection.labelled_scores import LabelledScores

SCORES, LABELS = [0.1, 0.9, 0.2], [0, 1, 0]


@pytest.mark.parametrize(
    ("scores", "labels", "what"),
    [
        ([[0.1], [0.9]], [0, 1], "scores have the shape (2, 1), not (n,)"),
        ([], [], "scores have the shape (0,), not (n,)"),
        (0.5, [1], "scores have the shape (), not (n,)"),
        (SCORES, [0, 1], "there are 3 scores and 2 labels"),
        (SCORES, [[0, 1, 0]], "labels have the shape (1, 3)"),
        ([0.1, np.nan, np.inf], LABELS, "2 of 3 scores are not finite, the first is score 1"),
        (SCORES, [0, 1, 2], "labels are 0 (normal) and 1 (anomalous), and there is 2"),
        (SCORES, [0, 1, np.nan], "and there is nan"),
        (["a", "b", "c"], LABELS, "are arrays of numbers"),
    ],
)
def test_what_is_wrong_is_refused(scores: object, labels: object, what: str) -> None:
    with pytest.raises(DataError, match=re.escape(what)) as error:
        LabelledScores.of(scores, labels)
    assert error.value.hint


@pytest.mark.parametrize(
    "labels", [LABELS, [False, True, False], np.array([0.0, 1.0, 0.0]), torch.tensor(LABELS)]
)
def test_labels_may_be_of_any_type(labels: object) -> None:
    scores = torch.tensor(SCORES, dtype=torch.bfloat16, requires_grad=True)
    data = LabelledScores.of(scores, labels)
    assert data.scores.tolist() == scores.tolist()
    assert data.labels.tolist() == [False, True, False] and data.undefined == ""


@pytest.mark.parametrize(
    ("labels", "why"),
    [([0, 0, 0], "all 3 labels are 0"), ([1, 1, 1], "all 3 labels are 1"), (None, "no labels")],
)
def test_one_class_is_known_by_its_reason(labels: object, why: str) -> None:
    assert why in LabelledScores.of(SCORES, labels).undefined
