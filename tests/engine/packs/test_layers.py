"""What a step gives a member stays; what the step computed with is used again."""

import pytest
import torch
from torch import nn

from stride.engine.packs.member import Alone
from stride.engine.packs.step import PackedStep
from tests.engine.packs.trainings import member, members, windows

LAST = {
    "Linear": [],
    "ReLU": [nn.ReLU()],
    "Softplus": [nn.Softplus()],
    "Dropout": [nn.Dropout(0.5)],
    "LayerNorm": [nn.LayerNorm(10)],
    "BatchNorm1d": [nn.BatchNorm1d(10)],
    "Identity": [nn.ReLU(), nn.Identity()],
    "Flatten": [nn.Tanh(), nn.Flatten()],
}


@pytest.mark.parametrize("last", LAST)
def test_outputs_that_are_reported_stay_as_they_are(last):
    pack = PackedStep(members(2, lambda: nn.Sequential(nn.Linear(32, 10), *LAST[last])))
    (first, second) = windows(2, 2)
    outputs = [step.outputs for step in pack.gradients(dict(enumerate(first))).values()]
    before = [one.clone() for one in outputs]
    pack.gradients(dict(enumerate(second)))
    assert all(map(torch.equal, outputs, before))


def dropping(rate):
    return nn.Sequential(nn.Dropout(rate), nn.Linear(32, 24), nn.Dropout(rate), nn.Linear(24, 10))


def test_rates_of_dropout_differ_also_beside_an_idle_place_and_evaluations():
    packed, single = (
        [
            member(place, lambda rate=rate: dropping(rate))
            for place, rate in enumerate((0.0, 0.2, 0.9, 1.0))
        ]
        for _ in range(2)
    )
    given, pack, alone = windows(4, 9), PackedStep(packed), [Alone(one) for one in single]
    places = [0, 1, 2, 3]
    for number, window in enumerate(given):
        if number == 3:
            pack.release(places.pop(1))
        steps = pack.gradients({place: window[place] for place in places})
        pack.apply()
        for place in places:
            step = alone[place].step(window[place])
            assert torch.equal(steps[place].outputs, step.outputs)
            packed[place].model.eval()
            assert packed[place].model.network(window[place][0]).isfinite().all()
            packed[place].model.train()
    ours, theirs = ([*one.model.parameters()] for one in (packed[2], single[2]))
    assert all(map(torch.equal, ours, theirs))
