"""LEEP, NCE, the H-score and N-LEEP against values computed elsewhere, and what they promise."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import LedoitWolf
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from stride.active.transferability.scores import h_score, leep, n_leep, nce
from stride.errors import DataError

X, Y = load_digits(return_X_y=True)
X = X / 16
FEATURES, LABELS = torch.from_numpy(X), torch.from_numpy(Y)
HAND = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.2, 0.8]], dtype=torch.float64)

SOURCES = {
    "y % 2": (Y % 2, -1.9159951042, -1.8716563126),
    "y < 5": (Y < 5, -1.9938346921, -1.9420650498),
    "y % 3": (Y % 3, -1.7121646898, -1.7097089794),
    "y": (Y, -0.4097902060, -0.2782557303),
    "random": (np.random.RandomState(0).randint(0, 10, 1797), -2.2271493116, -1.8451914669),
}


@pytest.mark.parametrize("name", SOURCES)
def test_the_values_of_networks_trained_on_other_labels_of_digits(name):
    source, expected_leep, expected_nce = SOURCES[name]
    model = LogisticRegression(C=1.0, max_iter=5000, tol=1e-10, random_state=0)
    rows = torch.from_numpy(model.fit(X[:900], source[:900]).predict_proba(X[900:]))
    assert leep(rows, LABELS[900:]) == pytest.approx(expected_leep, abs=1e-5)
    assert nce(rows, LABELS[900:]) == pytest.approx(expected_nce, abs=1e-9)


def dirichlet():
    rows = torch.from_numpy(np.random.RandomState(0).dirichlet(np.ones(5), size=200))
    return rows, torch.from_numpy(np.random.RandomState(1).randint(0, 3, 200))


def test_the_values_of_given_distributions():
    rows, labels = dirichlet()
    assert leep(rows, labels) == pytest.approx(-1.082451492020, abs=1e-12)
    assert nce(rows, labels) == pytest.approx(-1.061117903668, abs=1e-12)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [([0, 0, 1, 1], -0.3839808833246151), ([0, 1, 0, 1], -0.6849000925034998)],
)
def test_the_values_by_hand(labels, expected):
    assert leep(HAND, torch.tensor(labels)) == pytest.approx(expected, abs=1e-14)


def test_a_source_class_that_is_never_predicted_changes_nothing():
    rows, labels = dirichlet()
    wider = torch.cat([rows[:, :2], torch.zeros(200, 3), rows[:, 2:]], dim=1)
    assert leep(wider, labels) == pytest.approx(leep(rows, labels), abs=1e-14)
    certain = torch.eye(4, dtype=torch.float64)[torch.arange(200) % 3]
    assert leep(certain, torch.arange(200) % 3) == 0


@given(st.integers(2, 40), st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32))
def test_they_are_at_most_zero_and_the_names_of_classes_do_not_matter(num, source, target, seed):
    generator = torch.Generator().manual_seed(seed)
    rows = (3 * torch.randn(num, source, dtype=torch.float64, generator=generator)).softmax(dim=1)
    labels = torch.randint(target, (num,), generator=generator)
    names = torch.randperm(1000, generator=generator)[:target]
    columns = torch.randperm(source, generator=generator)
    for measure in (leep, nce):
        value = measure(rows, labels)
        assert value <= 1e-12 and math.isfinite(value)
        assert measure(rows[:, columns], names[labels]) == pytest.approx(value, abs=1e-12)


def test_the_entropy_of_the_labels_is_reached_where_the_network_knows_nothing():
    labels = LABELS[:100]
    shares = labels.bincount() / 100
    entropy = float((shares * shares.log()).sum())
    assert leep(torch.full((100, 7), 1 / 7), labels) == pytest.approx(entropy, abs=1e-6)
    assert nce(torch.zeros(100, dtype=torch.int64), labels) == pytest.approx(entropy, abs=1e-6)


def test_predicted_classes_and_their_scores_have_the_same_conditional_entropy():
    rows, labels = dirichlet()
    assert nce(rows.argmax(dim=1), labels) == nce(rows, labels) == nce(rows.log(), labels)


def test_float32_is_computed_in_double():
    rows, labels = dirichlet()
    assert leep(rows.float(), labels) == pytest.approx(-1.082451492020, abs=1e-7)
    assert h_score(FEATURES.float(), LABELS) == pytest.approx(h_score(FEATURES, LABELS), abs=1e-6)


@pytest.mark.parametrize("num", [40, 1797])
def test_the_h_score_has_the_shrinkage_of_ledoit_and_wolf(num):
    features, labels = X[:num], Y[:num]
    fitted = LedoitWolf().fit(features)
    means = np.stack([features[labels == label].mean(axis=0) for label in labels])
    between = np.cov(means, rowvar=False, bias=True)
    expected = np.trace(np.linalg.solve(fitted.covariance_, (1 - fitted.shrinkage_) * between))
    assert h_score(FEATURES[:num], LABELS[:num]) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=30)
@given(st.integers(4, 30), st.integers(1, 30), st.integers(0, 2**32), st.floats(1e-3, 1e3))
def test_the_h_score_has_bounds_and_no_scale(num, dimensions, seed, scale):
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(num, dimensions, dtype=torch.float64, generator=generator)
    labels = torch.randint(3, (num,), generator=generator)
    value = h_score(features, labels)
    assert -1e-9 <= value <= 2 + 1e-9
    assert h_score(features * scale + 5, labels * 9) == pytest.approx(value, abs=1e-7)


def test_features_without_information_have_no_h_score():
    assert h_score(torch.ones(10, 3), LABELS[:10]) == 0
    assert h_score(FEATURES[:10], torch.zeros(10, dtype=torch.int64)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("num", [30, 400])
@pytest.mark.parametrize("measure", [h_score, n_leep])
def test_better_features_have_a_larger_score(measure, num):
    noise = torch.randn(num, 64, generator=torch.Generator().manual_seed(0))
    assert measure(FEATURES[:num], LABELS[:num]) > measure(noise, LABELS[:num])


def test_the_same_seed_gives_the_same_mixture():
    torch.manual_seed(0)
    np.random.seed(0)
    first = n_leep(FEATURES[:200], LABELS[:200], seed=5)
    before = torch.get_rng_state()
    assert n_leep(FEATURES[:200], LABELS[:200], seed=5) == first
    assert torch.equal(torch.get_rng_state(), before)
    assert n_leep(FEATURES[:200], LABELS[:200], seed=6) != first
    for scale in (1e-6, 1e3):  # the mixture adds a number to its variances
        scaled = n_leep(scale * FEATURES[:200], LABELS[:200], seed=5)
        assert scaled == pytest.approx(first, abs=1e-6)


def test_a_mixture_of_few_or_equal_samples_is_finite():
    entropy = -math.log(2)
    assert n_leep(torch.ones(10, 3), torch.arange(10) % 2) == pytest.approx(entropy, abs=1e-6)
    assert math.isfinite(n_leep(FEATURES[:3], LABELS[:3]))
    assert n_leep(FEATURES[:1], LABELS[:1]) == 0


def test_what_is_no_distribution_is_refused():
    with pytest.raises(DataError, match="not probabilities"):
        leep(HAND.log(), torch.tensor([0, 0, 1, 1]))
    with pytest.raises(DataError, match="samples"):
        nce(HAND, torch.tensor([0, 1]))
    with pytest.raises(DataError, match="source of type"):
        nce(HAND[:, 0], torch.tensor([0, 0, 1, 1]))
