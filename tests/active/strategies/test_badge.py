"""BADGE from two factors beside the gradients themselves, and beside scikit-activeml."""

import numpy as np
import pytest
import torch
from skactiveml.base import SkactivemlClassifier
from skactiveml.pool import Badge

from stride.active.strategies.badge import badge
from stride.errors import NonFiniteError


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def factors(count: int = 40, classes: int = 4, width: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    draw = seeded(5)
    logits = torch.randn(count, classes, generator=draw, dtype=torch.float64)
    return logits.softmax(1), torch.randn(count, width, generator=draw, dtype=torch.float64)


def gradients(probabilities: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    errors = probabilities - torch.eye(probabilities.shape[1])[probabilities.argmax(1)]
    return (errors[:, :, None] * features[:, None, :]).flatten(1)


def test_scores_are_squared_distances_between_gradients() -> None:
    probabilities, features = factors()
    found, whole = badge(probabilities, features, 12, seeded()), gradients(probabilities, features)
    chosen = whole[found.positions]
    expected = [float(chosen[0].square().sum())]
    for turn in range(1, 12):
        expected.append(float((chosen[turn] - chosen[:turn]).square().sum(1).min()))
    assert found.scores.tolist() == pytest.approx(expected, rel=1e-9)
    assert len(set(found.positions.tolist())) == 12


def test_the_first_is_the_longest_and_the_next_are_drawn_by_their_distance() -> None:
    probabilities, features = factors(12)
    whole = gradients(probabilities, features)
    drawn = [badge(probabilities, features, 2, seeded(seed)).positions for seed in range(4000)]
    first = int(whole.square().sum(1).argmax())
    assert {int(one[0]) for one in drawn} == {first}
    shares = torch.stack(drawn)[:, 1].bincount(minlength=12) / 4000
    distances = (whole - whole[first]).square().sum(1)
    assert torch.allclose(shares.double(), distances / distances.sum(), atol=0.025)


class Given(SkactivemlClassifier):
    """Gives the probabilities that it was made with."""

    def __init__(self, probabilities=None):
        super().__init__(classes=list(range(probabilities.shape[1])))
        self.probabilities = probabilities

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return self.probabilities


@pytest.mark.filterwarnings("ignore")
def test_first_choice_and_distances_are_those_of_a_peer() -> None:
    probabilities, features = factors()
    theirs, utilities = Badge(random_state=0).query(
        features.numpy(),
        np.full(len(features), np.nan),
        Given(probabilities.numpy()),
        fit_clf=False,
        batch_size=2,
        return_utilities=True,
    )
    first = badge(probabilities, features, 1, seeded())
    assert int(first.positions[0]) == theirs[0]
    distances = torch.from_numpy(np.nan_to_num(utilities[1]))
    lengths = gradients(probabilities, features).square().sum(1).tolist()
    ours = {}
    for seed in range(300):  # each second choice tells the distance that it was drawn with
        found = badge(probabilities, features, 2, seeded(seed))
        second = int(found.positions[1])
        # For the peer the origin is a center too, which it is neither in the paper nor here.
        ours[second] = min(float(found.scores[1]), lengths[second])
    assert len(ours) > 20
    some = list(ours)
    theirs_of_some = distances[some] / distances[some[0]]
    assert [ours[i] / ours[some[0]] for i in some] == pytest.approx(theirs_of_some.tolist())


def test_the_seed_decides_and_nothing_else() -> None:
    probabilities, features = factors()
    found = [badge(probabilities, features, 6, seeded(s)).positions.tolist() for s in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


def test_ties_of_the_first_choice_are_decided_by_the_seed() -> None:
    probabilities = torch.tensor([[0.6, 0.4]]).repeat(4, 1)
    features = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    found = {int(badge(probabilities, features, 1, seeded(s)).positions[0]) for s in range(40)}
    assert found == {0, 1, 2, 3}


def test_samples_without_a_gradient_come_last_and_nothing_comes_twice() -> None:
    probabilities = torch.tensor([[1.0, 0.0]] * 5 + [[0.5, 0.5]])
    features = torch.ones(6, 2)
    for seed in range(10):
        found = badge(probabilities, features, 9, seeded(seed)).positions.tolist()
        assert found[0] == 5
        assert sorted(found) == list(range(6))


def test_no_memory_is_taken_for_gradients() -> None:
    # Of 2,000 classes and 2,000 features a gradient has 4 million numbers: 1,000 are 16 GB.
    probabilities, features = torch.rand(1000, 2000).softmax(1), torch.rand(1000, 2000)
    assert len(badge(probabilities, features, 3, seeded()).positions) == 3


def test_what_is_not_finite_is_refused() -> None:
    probabilities, features = factors()
    features[3] = torch.inf
    with pytest.raises(NonFiniteError, match="gradients of 1 of 40"):
        badge(probabilities, features, 3, seeded())
