"""Each activation that a pack knows has the bits that it has alone."""

import pytest
from torch import nn

from stride.engine.packs.activations import KERNELS
from stride.engine.packs.proof import Proof, prove
from stride.engine.packs.rules import ELEMENTWISE
from tests.engine.packs.trainings import members, windows

LAYERS = [*(kind() for kind in (*KERNELS, *ELEMENTWISE)), nn.GELU("tanh"), nn.LeakyReLU(0.3)]
LAYERS += [kind(inplace=True) for kind in (nn.ReLU, nn.LeakyReLU, nn.SiLU, nn.ELU, nn.Mish)]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_an_activation_holds(layer):
    some = members(2, lambda: nn.Sequential(nn.Linear(32, 16), layer, nn.Linear(16, 10)))
    assert prove(some, windows(2, 1, (8, 7)), 2) == Proof()
