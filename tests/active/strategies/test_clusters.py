"""TypiClust and ProbCover on groups that can be seen, and beside their definitions."""

import pytest
import torch

from stride.active.strategies.clusters import cluster, prob_cover, pure_radius, typiclust
from stride.errors import NonFiniteError

CENTERS = torch.tensor([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0], [20.0, 20.0]])
SIZES = (40, 30, 20, 10)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def groups() -> tuple[torch.Tensor, torch.Tensor]:
    """Give samples round four centers, and each one's group."""
    labels = torch.repeat_interleave(torch.arange(4), torch.tensor(SIZES))
    return CENTERS[labels] + torch.randn(100, 2, generator=seeded()), labels


def test_each_group_gives_one_large_ones_first(groups) -> None:
    rows, labels = groups
    for seed in range(5):  # which number a cluster has depends on it
        found = typiclust(rows, rows[:0], 4, seeded(seed))
        assert labels[found.positions].tolist() == [0, 1, 2, 3]


def test_the_typical_one_has_the_nearest_neighbours(groups) -> None:
    rows, labels = groups
    found = typiclust(rows, rows[:0], 4, seeded())
    for label, position, score in zip(range(4), found.positions, found.scores, strict=True):
        mine = rows[labels == label]
        neighbours = min(20, len(mine) // 2)
        means = torch.cdist(mine, mine).sort(1).values[:, 1 : neighbours + 1].mean(1)
        assert torch.equal(mine[means.argmin()], rows[position])
        assert float(score) == pytest.approx(1 / (float(means.min()) + 1e-5), rel=1e-3)


def test_groups_with_labels_come_last(groups) -> None:
    rows, labels = groups
    found = typiclust(rows, CENTERS[:2], 2, seeded())
    assert labels[found.positions].tolist() == [2, 3]


def test_small_clusters_are_asked_when_the_others_are_empty() -> None:
    rows = torch.cat([torch.randn(6, 2, generator=seeded()), torch.tensor([[99.0, 99.0]])])
    found = typiclust(rows, rows[:0], 2, seeded()).positions.tolist()
    assert 6 not in found
    everything = typiclust(rows, rows[:0], 9, seeded()).positions.tolist()
    assert sorted(everything) == list(range(7))


def test_equal_samples_are_no_trouble() -> None:
    same = torch.ones(8, 2)
    assert sorted(typiclust(same, same[:1], 8, seeded()).positions.tolist()) == list(range(8))


def test_many_clusters_are_found_by_batches() -> None:
    rows = torch.randn(300, 3, generator=seeded())
    found = typiclust(rows, rows[:0], 60, seeded()).positions
    assert len(found.unique()) == 60


@pytest.mark.parametrize("number", [4, 60])
def test_clusters_depend_on_the_seed_alone(groups, number: int) -> None:
    rows, _ = groups
    one, same = (cluster(rows, number, seeded(3)) for _ in range(2))
    assert torch.equal(one, same)


@pytest.mark.parametrize("known", [0, 3])
def test_the_next_covers_most_of_what_is_not_covered(groups, known: int, monkeypatch) -> None:
    monkeypatch.setattr("stride.active.strategies.clusters.BLOCK_NUMBERS", 300)
    rows, _ = groups
    found = prob_cover(rows[known:], rows[:known], 8, seeded(), radius=1.5)
    assert len(set(found.positions.tolist())) == 8
    free = ~(torch.cdist(rows[known:], rows[:known]) < 1.5).any(1)
    near = torch.cdist(rows[known:], rows[known:]) < 1.5
    for position, score in zip(found.positions, found.scores, strict=True):
        degrees = (near & free).sum(1)
        assert int(score) == int(degrees.max()) == int(degrees[position])
        free &= ~near[position]


def test_ties_of_coverage_are_decided_by_the_seed() -> None:
    apart = torch.arange(6.0)[:, None] * 10
    found = [prob_cover(apart, apart[:0], 2, seeded(s), radius=1.0) for s in (*range(40), 7)]
    assert {int(one.positions[0]) for one in found} == set(range(6))
    assert torch.equal(found[7].positions, found[40].positions)


def test_when_all_is_covered_others_follow() -> None:
    rows = torch.zeros(5, 2)
    found = prob_cover(rows, rows[:0], 9, seeded(), radius=1.0)
    assert sorted(found.positions.tolist()) == list(range(5))
    assert found.scores.tolist() == [5, 0, 0, 0, 0]


def test_the_radius_is_the_largest_that_is_pure_enough() -> None:
    rows = torch.tensor([[0.0], [1.0], [2.0], [5.0], [6.0]])
    labels = torch.tensor([0, 0, 0, 1, 1])
    # The distances to the other cluster are 5, 4, 3, 3 and 4.
    assert pure_radius(rows, labels, 1.0) == pytest.approx(3)
    assert pure_radius(rows, labels, 0.6) == pytest.approx(4)
    assert pure_radius(rows, labels, 0.2) == pytest.approx(5)


def test_features_that_are_not_finite_are_refused() -> None:
    rows = torch.full((4, 2), torch.nan)
    with pytest.raises(NonFiniteError, match="features of 4 of 4"):
        typiclust(rows, rows[:0], 2, seeded())
    with pytest.raises(NonFiniteError, match="features of 4 of 4"):
        prob_cover(rows, rows[:0], 2, seeded(), radius=1.0)
