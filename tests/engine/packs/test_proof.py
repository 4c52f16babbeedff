"""What a pack needs is proven before it trains; a rule that is broken is found."""

import pytest
import torch
from torch import nn

from stride.engine.packs import layers
from stride.engine.packs.proof import Proof, prove
from stride.engine.random import Draws
from stride.models.mlp import MLP
from tests.engine.packs.trainings import chain, member, members, normalised, windows


def in_halves(gradient, inputs, out):
    """The gradient of a linear layer's weights, added up in another order."""
    halves = zip(gradient.chunk(2, 1), inputs.chunk(2, 1), strict=True)
    return torch.sum(torch.stack([g.transpose(1, 2) @ x for g, x in halves]), 0, out=out)


def weights(some):
    return [p.detach().clone() for one in some for p in one.model.parameters()]


def test_a_pack_that_holds_is_proven_and_leaves_no_trace():
    some = members(4)
    before, draws = weights(some), Draws()
    assert prove(some, windows(4, 3, (64, 17))) == Proof()
    assert not draws.seen()
    assert all(map(torch.equal, before, weights(some)))
    assert all(one.optimizer.state_dict()["state"] == {} for one in some)
    fresh = [torch.Generator().manual_seed(place).get_state() for place in range(4)]
    assert all(
        torch.equal(one.generator.get_state(), f) for one, f in zip(some, fresh, strict=True)
    )


def test_a_broken_rule_is_found_and_its_layers_are_done_member_by_member(monkeypatch):
    monkeypatch.setattr(layers, "weight_gradient", in_halves)
    some = members(4, normalised)  # with dropout, which is tried member by member too
    proof = prove(some, windows(4, 2), 3)
    assert [*proof.alone] == ["0", "4"]
    for number in "04":
        found = f"the gradient of {number}.weight of member 0 differs at step 1, of 64 samples"
        assert proof.alone[number] == found
    assert not proof.fault


def test_beside_a_layer_that_does_not_hold_dropout_is_drawn_as_alone(monkeypatch):
    monkeypatch.setattr(layers, "weight_gradient", in_halves)
    some = members(2, lambda: nn.Sequential(nn.Dropout(0.3), *chain(32, 64, 10)))
    proof = prove(some, windows(2, 2), 3)
    assert ([*proof.alone], proof.fault) == (["1", "3"], "")


def test_where_no_part_alone_is_enough_the_members_cannot_be_packed(monkeypatch):
    from stride.engine.packs import step

    monkeypatch.setattr(step, "_move", too_far)
    proof = prove(members(2), windows(2, 1), steps=2)
    assert proof.fault.startswith("0.weight of member 0 differs at step 1")


def too_far(kernel, numbers, values, gradients, exp_avgs, exp_avg_sqs, steps):
    names = "lr", "beta1", "beta2", "weight_decay", "eps"
    told = dict(zip(names, numbers, strict=True)) | {"lr": numbers[0] * 1.01}
    flags = {"amsgrad": False, "maximize": False, "grad_scale": None, "found_inf": None}
    kernel(values, gradients, exp_avgs, exp_avg_sqs, [], steps, **told, **flags)


class Regression(nn.Sequential):
    """Numbers (N, 2, 4), of which targets have (N, 1, 2, 4)."""

    def __init__(self):
        layers = nn.Linear(32, 16), nn.SiLU(), nn.Linear(16, 8)
        super().__init__(*layers, nn.Unflatten(1, (2, 4)))


def regression(place):
    return member(place, Regression, nn.MSELoss())


def with_targets(windows, targets):
    return [[(x, targets(x)) for x in window] for window in windows]


def ignoring(window):
    return [(x, y.where(torch.arange(len(y)) % 3 > 0, 0)) for x, y in window]


KINDS = {
    "built-in": (lambda: MLP((2, 4, 4), (10,), [33]), windows(4, 2, (32, 7), (2, 4, 4))),
    "layer norm": (lambda: MLP((32,), (10,), [16], "GELU", 0.0, "layer"), windows(4, 1)),
    "LayerNorm": (
        lambda: nn.Sequential(nn.Linear(32, 16), nn.LayerNorm(16), nn.Tanh(), nn.Linear(16, 10)),
        windows(4, 1),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_layers_that_networks_are_made_of_hold(kind):
    make, given = KINDS[kind]
    assert prove(members(4, make), given, 3) == Proof()


def test_targets_are_made_to_fit_as_for_a_member_alone():
    given = with_targets(windows(3, 1, classes=0), lambda x: x[:, :8].sin().view(-1, 1, 2, 4))
    assert prove([regression(place) for place in range(3)], given, 3) == Proof()


def test_scalar_outputs_hold_in_part_or_whole():
    def make():
        return nn.Sequential(nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1), nn.Flatten(0))

    given = with_targets(windows(3, 1, classes=0), lambda x: x[:, :1].sin())
    assert not prove(members(3, make, nn.MSELoss()), given, 3).fault


def test_labels_that_the_criterion_ignores_count_for_nothing():
    given = [ignoring(window) for window in windows(3, 1)]
    assert prove(members(3, criterion=nn.CrossEntropyLoss(ignore_index=0)), given, 3) == Proof()


def test_targets_that_the_stacked_loss_does_not_know_are_left_to_the_members():
    given = with_targets(windows(3, 1, classes=0), lambda x: x[:, :10].softmax(1))
    proof = prove(members(3), given, 3)
    assert [*proof.alone] == ["the loss"]
    assert not proof.fault


def test_rates_of_dropout_may_differ():
    rates = (0.0, 0.1, 0.5, 1.0)
    some = [
        member(
            place,
            lambda rate=rate: nn.Sequential(nn.Linear(32, 64), nn.Dropout(rate), nn.Linear(64, 10)),
        )
        for place, rate in enumerate(rates)
    ]
    assert prove(some, windows(4, 1), 3) == Proof()
