"""A pack leaves each member the bits that it has alone."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.optim import Adam
from torch.optim.lr_scheduler import ExponentialLR

from stride.engine.fingerprint import bits_of
from stride.engine.optim.state import OptimizerState
from stride.engine.packs.member import Alone
from stride.engine.packs.rules import RULES
from stride.engine.packs.step import PackedStep
from stride.engine.packs.traces import same_bits
from tests.engine.packs.trainings import autoencoder, member, members, mlp, normalised, windows

KINDS = {
    "mlp": ([32], [32, 60, (64, 64, 64, 17)]),
    "autoencoder": ([32, autoencoder, nn.L1Loss()], [32, 60, (64, 64, 64, 17), (140,), 0]),
    "batch norm": ([8, normalised], [8, 60, (64, 64, 64, 17)]),
    "Adam": ([8, mlp, None, 0, Adam], [8, 20, (64, 64, 64, 17)]),
}


def train_packed(pack, given):
    steps = []
    for window in given:
        steps.append(pack.gradients(dict(enumerate(window))))
        pack.apply()
    return steps


def train_alone(one, batches):
    alone = Alone(one)
    return [alone.step(batch) for batch in batches]


def state(one):
    """All that a member carries, by name; and the last gradients."""
    held = one.optimizer.state_dict()["state"]
    moments = {f"{n}.{name}": value for n in held for name, value in held[n].items()}
    return (
        one.model.state_dict()
        | {f"{name}.grad": p.grad for name, p in one.model.named_parameters()}
        | moments
        | {"generator": one.generator.get_state()}
    )


def assert_same(one, other):
    mine, theirs = state(one), state(other)
    assert [*mine] == [*theirs]
    assert [name for name in mine if not same_bits(mine[name], theirs[name])] == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_member_ends_with_the_bits_that_it_has_alone(kind):
    made, drawn = KINDS[kind]
    packed, single, given = members(*made), members(*made), windows(*drawn)
    steps = train_packed(PackedStep(packed), given)
    for place, (one, other) in enumerate(zip(packed, single, strict=True)):
        expected = train_alone(other, [window[place] for window in given])
        assert_same(one, other)
        own = [step[place] for step in steps]
        losses = [torch.stack([step.loss.detach() for step in some]) for some in (own, expected)]
        assert bits_of(losses[0]) == bits_of(losses[1])
        assert [float(step.size) for step in own] == [float(step.size) for step in expected]
        assert torch.equal(own[0].outputs, expected[0].outputs)  # and nothing wrote into it since
        assert torch.equal(own[-1].outputs, expected[-1].outputs)
        assert torch.equal(own[-1].targets, expected[-1].targets)


@pytest.mark.parametrize("alone", [(), ("the clipping",)])
def test_each_member_is_clipped_by_its_own_norm(alone):
    limits, measured = (0.5, None, 1e9, None), (False, True, False, False)
    norms = {"packed": [[] for _ in limits], "single": [[] for _ in limits]}
    packed, single = (
        [
            member(place, clip_grad_norm=limit, measure_norm=measure, note_norm=noted.append)
            for place, (limit, measure, noted) in enumerate(
                zip(limits, measured, lists, strict=True)
            )
        ]
        for lists in norms.values()
    )
    given = windows(4, 5)
    train_packed(PackedStep(packed, alone=alone), given)
    for place, other in enumerate(single):
        train_alone(other, [window[place] for window in given])
        assert_same(packed[place], other)
    assert [len(noted) for noted in norms["packed"]] == [5, 5, 5, 0]
    assert norms["packed"] == norms["single"]


@pytest.mark.parametrize("alone", [(), ("0", "1", "3", "4", "the loss")])
def test_a_member_that_is_done_keeps_what_it_has_and_changes_no_other(alone):
    packed, single, given = members(4, normalised), members(4, normalised), windows(4, 9)
    pack = PackedStep(packed, alone=alone)
    train_packed(pack, given[:4])
    pack.release(1)
    for window in given[4:]:
        pack.gradients({place: batch for place, batch in enumerate(window) if place != 1})
        pack.apply()
    for place, other in enumerate(single):
        train_alone(other, [window[place] for window in given[: 4 if place == 1 else None]])
        assert_same(packed[place], other)
    for one in (packed[1], single[1]):  # which goes on alone
        train_alone(one, [window[1] for window in given[4:]])
    assert_same(packed[1], single[1])
    assert not any(one._is_view() for one in packed[1].model.network.state_dict().values())


def test_a_member_whose_loss_is_not_finite_changes_no_other():
    packed, single, given = members(4), members(4), windows(4, 6)
    with torch.no_grad():
        packed[2].model.network[0].weight[3, 3] = math.nan
    steps = train_packed(PackedStep(packed), given)
    assert all(math.isnan(step[2].loss) for step in steps)
    for place in (0, 1, 3):
        train_alone(single[place], [window[place] for window in given])
        assert_same(packed[place], single[place])


def test_a_member_is_loaded_from_a_checkpoint_in_place():
    packed, single, given = members(3, normalised), members(3, normalised), windows(3, 8)
    pack = PackedStep(packed)
    train_packed(pack, given[:3])
    saved = copy.deepcopy(
        (packed[1].model.state_dict(), OptimizerState(packed[1].optimizer).state_dict())
    )
    drawn = packed[1].generator.get_state()
    train_packed(pack, given[3:5])
    packed[1].model.load_state_dict(saved[0])
    OptimizerState(packed[1].optimizer).load_state_dict(saved[1])
    packed[1].generator.set_state(drawn)
    packed[1].optimizer.param_groups[0]["lr"] = 0.05  # torch has made new groups of the saved ones
    train_packed(pack, given[5:])
    for place, other in enumerate(single):
        train_alone(other, [window[place] for window in given[: 3 if place == 1 else 5]])
        other.optimizer.param_groups[0]["lr"] = packed[place].optimizer.param_groups[0]["lr"]
        train_alone(other, [window[place] for window in given[5:]])
        assert_same(packed[place], other)


def test_a_pack_goes_on_from_members_that_were_trained_alone():
    packed, single, given = members(3), members(3), windows(3, 6)
    for place, (one, other) in enumerate(zip(packed, single, strict=True)):
        before = given[:3] if place else []
        train_alone(one, [window[place] for window in before])
        train_alone(other, [window[place] for window in before + given[3:]])
    pack = PackedStep(packed)
    assert packed[0].optimizer.state_dict()["state"] == {}  # as before any step
    train_packed(pack, given[3:])
    for one, other in zip(packed, single, strict=True):
        assert_same(one, other)


def test_schedules_move_what_the_next_step_reads():
    packed, single, given = members(2), members(2), windows(2, 6)
    schedules = [ExponentialLR(one.optimizer, 0.5 + 0.1 * n) for n, one in enumerate(packed)]
    pack = PackedStep(packed)
    for window in given:
        train_packed(pack, [window])
        for schedule in schedules:
            schedule.step()
    for place, other in enumerate(single):
        alone, schedule = Alone(other), ExponentialLR(other.optimizer, 0.5 + 0.1 * place)
        for window in given:
            alone.step(window[place])
            schedule.step()
        assert_same(packed[place], other)


def test_an_activation_rounds_what_is_left_over_of_vectors_as_it_does_for_a_member_alone():
    inputs = torch.linspace(-14, 14, 3 * 30 * 8).view(3, 30, 8)
    for module in (nn.GELU(), nn.SiLU(), nn.Softplus()):
        layer = RULES[type(module)]("", [module] * 3)
        stacked, gradient = layer.forward(inputs, {}), layer.backward(torch.ones_like(inputs))
        for rows, ours, own in zip(inputs, stacked, gradient, strict=True):
            leaf = rows.clone().requires_grad_()
            alone = module(leaf)
            assert torch.equal(ours, alone)
            assert torch.equal(torch.autograd.grad(alone.sum(), leaf)[0], own)


def test_gradients_of_any_size_are_clipped_as_alone():
    options = {"clip_grad_norm": 0.3}
    for seed in range(8):
        packed, single = (members(4, seed=seed, **options) for _ in range(2))
        given = [[(1000.0 * x, y) for x, y in window] for window in windows(4, 3)]
        train_packed(PackedStep(packed), given)
        for place, (one, other) in enumerate(zip(packed, single, strict=True)):
            train_alone(other, [window[place] for window in given])
            assert_same(one, other)
