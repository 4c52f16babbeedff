"""Outputs as class probabilities, by the criterion."""

import pytest
import torch
from torch import nn

from stride.active.pool.outputs import (
    as_tensor,
    blocks,
    class_probabilities,
    concat_rows,
    require_one_per_sample,
    stack_members,
)
from stride.errors import ConfigError, DataError
from stride.models.model import Model


def probabilities(criterion: nn.Module | None, outputs: torch.Tensor) -> torch.Tensor:
    net = nn.Linear(1, 1)
    return class_probabilities(net if criterion is None else Model(net, criterion))(outputs)


@pytest.mark.parametrize("criterion", [nn.CrossEntropyLoss(), None])
def test_logits_become_their_softmax(criterion: nn.Module | None) -> None:
    logits = torch.randn(6, 4) * 50
    kept = logits.clone()
    assert torch.allclose(probabilities(criterion, logits), logits.softmax(1))
    assert torch.equal(logits, kept)


def test_logarithms_become_the_probabilities_that_they_are_of() -> None:
    p = torch.tensor([[0.5, 0.3, 0.2]])
    assert torch.allclose(probabilities(nn.NLLLoss(), p.log()), p)


def test_classes_of_pixels_come_last() -> None:
    logits = torch.randn(2, 3, 4, 5)
    found = probabilities(nn.CrossEntropyLoss(), logits)
    assert found.shape == (2, 4, 5, 3)
    assert torch.allclose(found, logits.softmax(1).permute(0, 2, 3, 1))


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
@pytest.mark.parametrize("criterion", [nn.BCEWithLogitsLoss(), None])
def test_one_logit_is_two_classes(criterion: nn.Module | None, shape: tuple[int, ...]) -> None:
    logits = torch.tensor([-1.0, 0.0, 2.0])
    found = probabilities(criterion, logits.view(shape))
    assert torch.allclose(found, torch.stack([(-logits).sigmoid(), logits.sigmoid()], 1))


def test_several_labels_are_two_classes_each_and_probabilities_stay_what_they_are() -> None:
    p = torch.tensor([[0.25, 1.0], [0.5, 0.0]])
    expected = torch.tensor([[[0.75, 0.25], [0.0, 1.0]], [[0.5, 0.5], [1.0, 0.0]]])
    assert torch.equal(probabilities(nn.BCELoss(), p), expected)


def test_half_precision_is_widened() -> None:
    assert probabilities(None, torch.randn(2, 3, dtype=torch.bfloat16)).dtype is torch.float32


@pytest.mark.parametrize("criterion", [nn.MSELoss(), nn.L1Loss(), nn.PoissonNLLLoss()])
def test_numbers_are_no_probabilities(criterion: nn.Module) -> None:
    what = rf"{type(criterion).__name__} trains numbers.*VarianceSampling"
    with pytest.raises(ConfigError, match=what):
        probabilities(criterion, torch.randn(2, 3))


def test_several_predictions_for_a_sample_are_refused_where_one_is_needed() -> None:
    one = torch.rand(2, 3)
    assert require_one_per_sample(one, "BADGE") is one
    with pytest.raises(ConfigError, match=r"BADGE needs one class per sample.*\(n, 4, 3\)"):
        require_one_per_sample(torch.rand(2, 4, 3), "BADGE")


@pytest.mark.parametrize("outputs", [{"logits": 1}, (torch.ones(2),), torch.tensor(1.0), None])
def test_outputs_that_are_no_rows_are_refused(outputs: object) -> None:
    with pytest.raises(DataError, match="the network returns a"):
        as_tensor(outputs)


def test_small_batches_are_joined_until_they_are_large(monkeypatch) -> None:
    monkeypatch.setattr("stride.active.pool.outputs.BLOCK_NUMBERS", 6)
    parts = [torch.full((2, 2), float(i)) for i in range(5)]
    assert [len(block) for block in blocks(iter(parts))] == [4, 4, 2]
    assert torch.equal(torch.cat(list(blocks(iter(parts)))), torch.cat(parts))
    assert list(blocks(iter([]))) == []


def test_batches_of_other_shapes_are_not_joined() -> None:
    parts = [torch.ones(2, 2), torch.ones(1, 2), torch.ones(1, 3)]
    assert [tuple(block.shape) for block in blocks(iter(parts))] == [(3, 2), (1, 3)]


def test_models_of_other_outputs_are_no_committee() -> None:
    with pytest.raises(ConfigError, match=r"differ in shape: \(3,\) and \(4,\) per sample"):
        stack_members([torch.ones(2, 3), torch.ones(2, 4)])


def test_rows_are_joined_column_by_column() -> None:
    batches = [(torch.ones(2, 3), torch.zeros(2)), (torch.ones(1, 3), torch.ones(1))]
    one, other = concat_rows(iter(batches), 3)
    assert one.shape == (3, 3)
    assert other.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("second", "what"),
    [
        (torch.ones(1, 4), r"shape \(1, 4\) does not fit"),
        (torch.ones(2, 3), r"shape \(2, 3\) does not fit"),
        (torch.ones(0, 3), "2 rows were given for 3"),
    ],
)
def test_rows_that_do_not_fit_are_refused(second: torch.Tensor, what: str) -> None:
    with pytest.raises(DataError, match=what):
        concat_rows(iter([(torch.ones(2, 3),), (second,)]), 3)
