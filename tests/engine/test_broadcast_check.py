"""A criterion that broadcasts outputs against targets is seen at its work; no other one is."""

import pytest
import torch
from torch import nn

from stride.engine.broadcast_check import require_no_broadcast
from stride.errors import DataError


def rmse(outputs, targets):
    return (outputs - targets).square().mean().sqrt()


def expanded(outputs, targets):
    return nn.functional.mse_loss(*torch.broadcast_tensors(outputs, targets))


def weighed(outputs, targets):
    return torch.where(outputs > 0, outputs, targets).sum()


@pytest.mark.parametrize("criterion", [rmse, expanded, weighed, nn.CosineSimilarity(0)])
@pytest.mark.parametrize(
    ("outputs", "targets"), [((2, 1), (2,)), ((2,), (2, 1)), ((2, 1, 3), (2, 3))]
)
def test_a_criterion_that_compares_every_output_with_every_target_is_refused(
    criterion, outputs, targets
):
    made = torch.zeros(outputs, requires_grad=True)
    with pytest.raises(DataError, match=r"every output with every target: \(N.*squeeze\(1\)"):
        require_no_broadcast(criterion, made, torch.zeros(targets))


ALIGNING = [
    lambda outputs, targets: rmse(outputs.squeeze(1), targets),
    lambda outputs, targets: rmse(outputs, targets[:, None]),
    lambda outputs, targets: rmse(outputs, targets.view_as(outputs)),
    lambda outputs, targets: rmse(outputs.flatten(), targets),
    # Pairs within a batch, as rankings and contrastive losses take them.
    lambda outputs, targets: rmse(outputs - outputs.T, targets[:, None] - targets),
]


@pytest.mark.parametrize("criterion", ALIGNING)
def test_a_criterion_that_brings_the_two_together_by_itself_is_left_alone(criterion):
    watched = []

    def noted(outputs, targets):
        watched.append(criterion(outputs, targets).shape)

    require_no_broadcast(noted, torch.zeros(2, 1), torch.zeros(2))
    assert watched == [()]


@pytest.mark.parametrize(
    ("outputs", "targets"),
    [((2, 3), (2,)), ((2, 5, 3), (2, 5)), ((4, 6), (2, 2)), ((2, 1), (2, 3)), ((1, 1), (1,))],
)
def test_other_shapes_are_the_criterions_affair(outputs, targets):
    asked = []
    require_no_broadcast(
        lambda *both: asked.append(both), torch.zeros(outputs), torch.zeros(targets)
    )
    assert asked == []
