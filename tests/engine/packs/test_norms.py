"""Each normalisation has the bits that it has alone, whatever it scales by and wherever it is."""

import pytest
from torch import nn

from stride.engine.packs.proof import Proof, prove
from tests.engine.packs.trainings import members, windows

INSIDE = {
    "BatchNorm1d": lambda: nn.BatchNorm1d(16),
    "BatchNorm1d without scale": lambda: nn.BatchNorm1d(16, affine=False),
    "BatchNorm1d without statistics": lambda: nn.BatchNorm1d(16, track_running_stats=False),
    "GroupNorm": lambda: nn.GroupNorm(4, 16),
    "GroupNorm without scale": lambda: nn.GroupNorm(1, 16, affine=False),
    "LayerNorm": lambda: nn.LayerNorm(16),
    "LayerNorm without bias": lambda: nn.LayerNorm(16, bias=False),
    "LayerNorm without scale": lambda: nn.LayerNorm(16, elementwise_affine=False),
}
FIRST = {
    "BatchNorm1d": lambda: nn.BatchNorm1d(32),
    "GroupNorm": lambda: nn.GroupNorm(8, 32),
    "LayerNorm": lambda: nn.LayerNorm(32),
}
OF_SIGNALS = {
    "BatchNorm1d": lambda: nn.BatchNorm1d(4),
    "GroupNorm": lambda: nn.GroupNorm(2, 4),
    "LayerNorm": lambda: nn.LayerNorm((4, 8)),
    "LayerNorm of the last": lambda: nn.LayerNorm(8),
}


@pytest.mark.parametrize("kind", INSIDE)
def test_a_normalisation_of_features_holds(kind):
    def make():
        return nn.Sequential(nn.Linear(32, 16), INSIDE[kind](), nn.ReLU(), nn.Linear(16, 10))

    some = members(4, make)
    assert prove(some, windows(4, 2, (64, 4)), 2) == Proof()  # once as many samples as members


@pytest.mark.parametrize("kind", FIRST)
def test_a_normalisation_that_comes_first_holds(kind):
    some = members(2, lambda: nn.Sequential(nn.Identity(), FIRST[kind](), nn.Linear(32, 10)))
    assert prove(some, windows(2, 1), 2) == Proof()


@pytest.mark.parametrize("kind", OF_SIGNALS)
def test_a_normalisation_of_signals_holds(kind):
    def make():
        layers = nn.Linear(32, 32), nn.Unflatten(1, (4, 8)), OF_SIGNALS[kind](), nn.Flatten()
        return nn.Sequential(*layers, nn.Linear(32, 10))

    assert prove(members(2, make), windows(2, 1), 2) == Proof()
