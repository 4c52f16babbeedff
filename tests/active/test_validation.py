"""What measures are made of is exact and of the right form, or refused in words."""

import pytest
import torch

from stride.active.validation import (
    class_codes,
    class_labels,
    require_matrix,
    require_probabilities,
    to_float64,
)
from stride.errors import DataError


def test_exact_values_are_doubles_without_a_graph():
    values = to_float64(torch.ones(2, requires_grad=True))
    assert values.dtype == torch.float64 and not values.requires_grad


@pytest.mark.parametrize("values", [torch.zeros(3), torch.zeros(0, 2), torch.zeros(3, 2, 2)])
def test_what_is_no_matrix_is_refused(values):
    with pytest.raises(DataError, match=r"features of shape .* are not a matrix.*flatten"):
        require_matrix(values, "features")


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_numbers_that_are_not_finite_are_refused_with_their_row(bad):
    values = torch.zeros(4, 2)
    values[2, 1] = values[3, 0] = bad
    with pytest.raises(DataError, match="2 rows of features hold NaN or infinity, first row 2"):
        require_matrix(values, "features")


@pytest.mark.parametrize("row", [[2.0, -1.0], [1.0, 1.0], [0.2, 0.7]])
def test_logits_are_no_probabilities(row):
    with pytest.raises(DataError, match=r"row 1 of p sums to .*not probabilities.*softmax"):
        require_probabilities(torch.tensor([[0.5, 0.5], row]), "p")


def test_probabilities_of_half_precision_are_taken():
    rows = torch.randn(20, 1000).softmax(dim=1).to(torch.bfloat16)
    assert require_probabilities(rows, "p").dtype == torch.float64


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (torch.zeros(3, dtype=torch.int64), r"labels of shape \(3,\) for 2 samples"),
        (torch.zeros(2, 1, dtype=torch.int64), r"labels of shape \(2, 1\) for 2 samples"),
        (torch.zeros(2), r"labels of type torch.float32 are not classes.*labels.long"),
        (torch.tensor([0, -100]), "labels hold -100, and classes count from 0"),
    ],
)
def test_labels_that_are_no_classes_are_refused(labels, message):
    with pytest.raises(DataError, match=message):
        class_labels(labels, torch.zeros(2, 5))


def test_labels_are_numbered_without_gaps():
    codes, classes = class_codes(torch.tensor([7, 2, 900, 7], dtype=torch.int16), torch.zeros(4, 1))
    assert codes.tolist() == [1, 0, 2, 1] and classes == 3
    assert class_codes(torch.tensor([True, False]), torch.zeros(2, 1))[0].tolist() == [1, 0]
