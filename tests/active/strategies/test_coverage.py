"""The greedy core set beside the definition and beside scikit-activeml."""

import numpy as np
import pytest
import torch
from skactiveml.pool import CoreSet

from stride.active.strategies.coverage import k_center, nearest_squared_distance
from stride.errors import NonFiniteError


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def by_definition(features: torch.Tensor, centers: torch.Tensor, count: int):
    known, picks, far = centers.double(), [], []
    for _ in range(count):
        nearest = torch.cdist(features.double(), known).amin(1)
        picks.append(int(nearest.argmax()))
        far.append(float(nearest.max()))
        known = torch.cat([known, features[picks[-1:]].double()])
    return picks, far


@pytest.mark.parametrize("offset", [0.0, 300.0])
def test_picks_are_those_of_the_definition(offset: float) -> None:
    features = torch.randn(400, 8, generator=seeded()) + offset
    picks, far = by_definition(features[20:], features[:20], 30)
    found = k_center(features[20:], features[:20], 30, seeded(1))
    assert found.positions.tolist() == picks
    assert found.scores.tolist() == pytest.approx(far, rel=1e-4)
    assert found.scores.dtype is torch.float64


@pytest.mark.filterwarnings("ignore")
def test_picks_are_those_of_a_peer() -> None:
    features = torch.randn(300, 6, generator=seeded())
    labels = np.full(300, np.nan)
    labels[:5] = 0
    theirs = CoreSet(random_state=0).query(features.double().numpy(), labels, batch_size=25)
    found = k_center(features[5:], features[:5], 25, seeded())
    assert (found.positions + 5).tolist() == theirs.tolist()


def test_many_centers_are_taken_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, centers = torch.randn(50, 3, generator=seeded()), torch.randn(7, 3, generator=seeded(1))
    squares = rows.square().sum(1)
    whole = nearest_squared_distance(rows, squares, centers)
    monkeypatch.setattr("stride.active.strategies.coverage.BLOCK_NUMBERS", 20)
    assert torch.allclose(nearest_squared_distance(rows, squares, centers), whole)
    assert torch.allclose(whole, torch.cdist(rows, centers).square().amin(1), atol=1e-5)


def test_without_a_center_the_first_is_drawn() -> None:
    features = torch.randn(30, 2, generator=seeded())
    found = [k_center(features, features[:0], 3, seeded(seed)).positions for seed in range(20)]
    assert len({int(one[0]) for one in found}) > 5
    assert torch.equal(found[3], k_center(features, features[:0], 3, seeded(3)).positions)


def test_equal_distances_are_decided_by_the_seed() -> None:
    corners = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    center = torch.zeros(1, 2)
    found = [int(k_center(corners, center, 1, seeded(seed)).positions[0]) for seed in range(40)]
    assert set(found) == {0, 1, 2, 3}
    assert found[9] == int(k_center(corners, center, 1, seeded(9)).positions[0])


def test_nothing_is_picked_twice_even_where_all_are_the_same() -> None:
    same = torch.full((6, 3), 1e4)
    found = k_center(same, same[:1], 10, seeded())
    assert sorted(found.positions.tolist()) == list(range(6))
    assert found.scores.max() < 1e-2


def test_features_are_left_as_they_were() -> None:
    features = torch.randn(9, 3)
    kept = features.clone()
    k_center(features, features[:2], 4, seeded())
    assert torch.equal(features, kept)


def test_features_that_are_not_finite_are_refused() -> None:
    features = torch.zeros(4, 2)
    features[2, 0] = torch.nan
    with pytest.raises(NonFiniteError, match="features of"):
        k_center(features, features[:1], 2, seeded())
