"""Scores beside known values, scikit-activeml's own, and the gradients that autograd gives."""

import numpy as np
import pytest
import torch
from skactiveml.pool import average_kl_divergence, batch_bald, uncertainty_scores
from torch import nn

from stride.active.strategies import scores

P = torch.tensor(
    [[0.5, 0.3, 0.2], [0.34, 0.33, 0.33], [0.9, 0.05, 0.05], [0.6, 0.4, 0.0]], dtype=torch.float64
)
KNOWN = {
    "least_confident": [0.5, 0.66, 0.1, 0.4],
    "margin": [0.8, 0.99, 0.15, 0.8],
    "entropy": [1.0296530141, 1.0985126171, 0.3943976914, 0.673011667],
}
PEERS = {
    "least_confident": "least_confident",
    "margin": "margin_sampling",
    "entropy": "entropy",
}
MEMBERS = torch.from_numpy(np.random.RandomState(0).dirichlet(np.ones(4), size=(6, 10)))
BALD = [0.16568865, 0.32196282, 0.18128091, 0.51725272, 0.2741449]
BALD += [0.24152396, 0.31435742, 0.30541061, 0.30745452, 0.13729748]
UNANIMOUS = torch.eye(3).double().expand(4, 3, 3)


@pytest.mark.parametrize("name", KNOWN)
def test_scores_of_probabilities_have_the_known_values(name: str) -> None:
    found = getattr(scores, name)(P)
    assert found.tolist() == pytest.approx(KNOWN[name], abs=1e-9)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PEERS)
def test_scores_of_probabilities_are_those_of_a_peer(name: str) -> None:
    many = np.random.RandomState(1).dirichlet(np.ones(5), size=200)
    theirs = uncertainty_scores(many, method=PEERS[name])
    ours = getattr(scores, name)(torch.from_numpy(many))
    assert ours.tolist() == pytest.approx(theirs.tolist(), abs=1e-12)


@pytest.mark.parametrize("name", KNOWN)
def test_scores_are_double_whatever_comes_and_keep_dimensions_between(name: str) -> None:
    pixels = P.float().view(2, 2, 3)
    found = getattr(scores, name)(pixels)
    assert found.dtype is torch.float64
    assert found.shape == (2, 2)
    assert found.flatten().tolist() == pytest.approx(KNOWN[name], abs=1e-6)


def test_the_entropy_of_a_certain_class_is_zero_and_the_input_is_left_as_it_was() -> None:
    certain = torch.tensor([[1.0, 0.0, 0.0]])
    assert scores.entropy(certain).tolist() == [0.0]
    assert certain.tolist() == [[1.0, 0.0, 0.0]]


def test_bald_has_the_known_values() -> None:
    assert scores.bald(MEMBERS).tolist() == pytest.approx(BALD, abs=1e-8)


def test_bald_of_single_precision_is_taken_in_double() -> None:
    single = MEMBERS.float()
    assert torch.equal(scores.bald(single), scores.bald(single.double()))


@pytest.mark.filterwarnings("ignore")
def test_bald_is_that_of_a_peer() -> None:
    theirs = batch_bald(MEMBERS.numpy(), 1)[0]
    assert scores.bald(MEMBERS).tolist() == pytest.approx(theirs.tolist(), abs=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_the_divergence_from_the_consensus_is_that_of_a_peer() -> None:
    theirs = average_kl_divergence(MEMBERS.numpy().copy())  # it writes into what it is given
    assert scores.consensus(MEMBERS).tolist() == pytest.approx(theirs.tolist(), abs=1e-12)


@pytest.mark.parametrize("name", ["bald", "consensus", "vote_entropy", "variation_ratio"])
def test_members_that_agree_give_exactly_zero(name: str) -> None:
    assert getattr(scores, name)(UNANIMOUS).tolist() == [0.0, 0.0, 0.0]
    same = MEMBERS[:1].expand(3, 10, 4).float()
    assert getattr(scores, name)(same).max() < 1e-15


def test_votes_are_counted() -> None:
    # Four members; of two samples: three votes against one, and two against two.
    votes = torch.eye(2)[torch.tensor([[0, 0], [0, 0], [0, 1], [1, 1]])]
    assert scores.variation_ratio(votes).tolist() == [0.25, 0.5]
    expected = [-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)), np.log(2)]
    assert scores.vote_entropy(votes).tolist() == pytest.approx(expected)


def test_variance_is_taken_over_members_and_its_mean_over_the_outputs() -> None:
    members = torch.tensor([[[0.0, 1.0], [5.0, 5.0]], [[2.0, 5.0], [5.0, 5.0]]])
    assert scores.variance(members).tolist() == [(1 + 4) / 2, 0.0]
    assert scores.variance(members[..., 0]).tolist() == [1.0, 0.0]


def test_the_expected_gradient_length_is_that_of_the_gradients() -> None:
    torch.manual_seed(0)
    layer, features = nn.Linear(5, 3), torch.randn(4, 5)
    probabilities = layer(features).softmax(1).detach()
    expected = []
    for row, p in zip(features, probabilities, strict=True):
        lengths = []
        for label in range(3):
            loss = nn.functional.cross_entropy(layer(row[None]), torch.tensor([label]))
            parts = torch.autograd.grad(loss, list(layer.parameters()))
            lengths.append(float(torch.cat([part.flatten() for part in parts]).norm()))
        expected.append(sum(float(q) * length for q, length in zip(p, lengths, strict=True)))
    found = scores.expected_gradient_length(probabilities, features)
    assert found.tolist() == pytest.approx(expected, rel=1e-5)
