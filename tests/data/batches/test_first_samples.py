"""The first samples of a batch, in all forms of which it is clear what a sample's parts are."""

from typing import NamedTuple

import pytest
import torch

from stride.data.batches.first_samples import first_samples


class Pair(NamedTuple):
    inputs: torch.Tensor
    lengths: list[int]


def test_tensors_and_texts_are_cut_in_their_containers():
    column = torch.arange(3)
    assert first_samples(column, 1, of=3).tolist() == [0]
    cut = first_samples({"x": column, "names": ["a", "b", "c"], "scale": 2.0}, 2, of=3)
    assert cut["x"].tolist() == [0, 1] and cut["names"] == ["a", "b"] and cut["scale"] == 2.0
    pair = first_samples(Pair(column, [1, 2, 3]), 1, of=3)
    assert type(pair) is Pair and pair.lengths == [1]
    nested = first_samples((column, [column, None]), 1, of=3)
    assert type(nested) is tuple and nested[1][0].tolist() == [0] and nested[1][1] is None


@pytest.mark.parametrize(
    "batch",
    [
        (torch.zeros(3, 2), torch.zeros(7, 3)),  # the other way round, or padded by the batch
        (torch.zeros(3), torch.tensor(1.0)),
        (torch.zeros(3), object()),
    ],
)
def test_what_is_not_clear_is_left_alone(batch):
    assert first_samples(batch, 1, of=3) is None


def test_no_more_than_there_are():
    assert first_samples(torch.zeros(3), 3, of=3) is None
