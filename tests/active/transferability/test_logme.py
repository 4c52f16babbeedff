"""LogME against values computed elsewhere, and against the density that it is the maximum of."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import RBFSampler
from torch.distributions import MultivariateNormal

from stride.active.transferability.logme import log_me
from stride.errors import DataError

X, Y = load_digits(return_X_y=True)
X = X / 16


def pca(number):
    return PCA(number, svd_solver="full", random_state=0).fit_transform(X)


def rbf():
    return RBFSampler(gamma=0.05, n_components=128, random_state=0).fit_transform(X)


def relu():
    return np.maximum(X @ np.random.RandomState(0).randn(64, 64) / 8, 0)


def noise():
    return np.random.RandomState(0).randn(1797, 64)


def diabetes(standard):
    features, targets = load_diabetes(return_X_y=True)
    return features, (targets - targets.mean()) / targets.std() if standard else targets


def classes(features, targets):
    return log_me(torch.as_tensor(features), torch.as_tensor(targets), regression=False)


def numbers(features, targets):
    return log_me(torch.as_tensor(features), torch.as_tensor(targets), regression=True)


# The maximum over alpha and beta by a simplex search, from an eigendecomposition of F F'.
@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (lambda: X * 16, 0.2702776274),
        (lambda: X, 0.2702776274),
        (lambda: pca(16), 0.0755673225),
        (lambda: pca(8), -0.0088603072),
        (lambda: pca(2), -0.1878353802),
        (rbf, 0.4990756428),
        (relu, 0.2608727247),
        (noise, -0.2672974911),
    ],
)
def test_the_values_of_digits(features, expected):
    assert classes(features(), Y) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        (load_iris, -0.1600602434),
        (load_wine, -0.0044591569),
        (load_breast_cancer, -0.1850032554),
    ],
)
def test_the_values_of_tables(load, expected):
    assert classes(*load(return_X_y=True)) == pytest.approx(expected, abs=1e-9)


def test_the_value_of_fewer_samples_than_features():
    assert classes(X[:40], Y[:40]) == pytest.approx(-0.0130881404, abs=1e-9)


@pytest.mark.parametrize(("standard", "expected"), [(False, -6.5235639622), (True, -1.0990414697)])
def test_the_values_of_a_regression(standard, expected):
    assert numbers(*diabetes(standard)) == pytest.approx(expected, abs=1e-9)


def best_density(features, column):
    """Return the largest ln N(y; 0, I / beta + F F' / alpha) / N, by a search in both."""
    gram, identity = features @ features.T, torch.eye(len(features), dtype=torch.float64)

    def negative(point):
        alpha, beta = (math.exp(value) for value in point)
        covariance = identity / beta + gram / alpha
        normal = MultivariateNormal(torch.zeros_like(column), covariance)
        return -float(normal.log_prob(column)) / len(column)

    starts = [(a, b) for a in (-3.0, 0.0, 3.0) for b in (0.0, 3.0)]
    options = {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 500}
    found = (minimize(negative, s, method="Nelder-Mead", options=options).fun for s in starts)
    return -min(found)


@pytest.mark.parametrize("shape", [(30, 4), (20, 20), (20, 64)])
def test_it_is_the_largest_density_of_the_targets(shape):
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(shape, dtype=torch.float64, generator=generator)
    columns = torch.randn(shape[0], 2, dtype=torch.float64, generator=generator)
    columns += features[:, :1]
    expected = sum(best_density(features, column) for column in columns.T) / 2
    assert numbers(features, columns) == pytest.approx(expected, abs=1e-8)


@st.composite
def problems(draw):
    """Draw features and classes, with more samples than features and with fewer."""
    samples, dimensions = draw(st.integers(3, 30)), draw(st.integers(1, 30))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    features = torch.randn(samples, dimensions, dtype=torch.float64, generator=generator)
    labels = torch.randint(3, (samples,), generator=generator)
    return features + labels[:, None] * draw(st.floats(0, 2)), labels, generator


@settings(max_examples=40)
@given(problems(), st.floats(1e-6, 1e6))
def test_neither_scale_nor_rotation_nor_order_nor_empty_features_matter(problem, scale):
    features, labels, generator = problem
    value = classes(features, labels)
    square = torch.randn(features.shape[1], features.shape[1], generator=generator)
    rotation = torch.linalg.qr(square.double()).Q
    order = torch.randperm(len(labels), generator=generator)
    assert classes(features * scale, labels) == pytest.approx(value, abs=1e-8)
    assert classes(features @ rotation, labels) == pytest.approx(value, abs=1e-8)
    assert classes(features[order], labels[order]) == pytest.approx(value, abs=1e-8)
    wider = torch.cat([features, torch.zeros(len(labels), 40)], dim=1)
    assert classes(wider, labels) == pytest.approx(value, abs=1e-8)


@settings(max_examples=40)
@given(problems(), st.floats(1e-6, 1e6))
def test_targets_of_another_scale_move_the_value_by_its_logarithm(problem, scale):
    features, labels, generator = problem
    column = torch.randn(len(labels), dtype=torch.float64, generator=generator)
    moved = numbers(features, column * scale) + math.log(scale)
    assert moved == pytest.approx(numbers(features, column), abs=1e-7)


def test_labels_may_have_gaps_and_be_of_any_whole_type():
    value = classes(X[:200], Y[:200])
    assert classes(X[:200], Y[:200] * 300 + 7) == value
    assert classes(X[:200], Y[:200].astype(np.int16)) == value


def test_several_columns_give_the_mean_of_their_values():
    features, column = diabetes(standard=True)
    columns = np.stack([column, features[:, 0], np.zeros(len(column))], axis=1)
    single = [numbers(features, columns[:, one]) for one in (0, 1)]
    assert numbers(features, columns) == pytest.approx(sum(single) / 2, abs=1e-10)


def test_float32_features_give_the_value_of_their_doubles():
    features = torch.from_numpy(rbf()).float()
    assert classes(features, Y) == classes(features.double(), Y)
    assert classes(features, Y) == pytest.approx(0.4990756428, abs=1e-5)


def test_features_without_information_give_the_density_of_noise_alone():
    labels = torch.tensor([0, 1] * 10)
    alone = -0.5 * (math.log(2 * math.pi * 0.5) + 1)
    assert classes(torch.zeros(20, 3), labels) == pytest.approx(alone, abs=1e-9)
    constant = torch.ones(20, 3)
    assert classes(constant, labels) > alone
    assert classes(constant, labels) == pytest.approx(classes(constant[:, :1], labels), abs=1e-9)


@pytest.mark.parametrize("dimensions", [3, 25])
def test_a_perfect_fit_is_large_and_finite(dimensions):
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(20, dimensions, dtype=torch.float64, generator=generator)
    column = features @ torch.randn(dimensions, dtype=torch.float64, generator=generator)
    noisy = column + torch.randn(20, dtype=torch.float64, generator=generator)
    assert math.isfinite(numbers(features, column))
    assert numbers(features, column) > numbers(features, noisy)
    assert numbers(features[:, :1], features[:, :1]) > 20
    assert math.isfinite(classes(torch.ones(4, 2), torch.zeros(4, dtype=torch.int64)))


def test_small_directions_are_not_lost_beside_large_ones():
    generator = torch.Generator().manual_seed(0)
    basis = torch.linalg.qr(torch.randn(60, 8, dtype=torch.float64, generator=generator)).Q
    column = basis.sum(dim=1) + 1e-6 * torch.randn(60, dtype=torch.float64, generator=generator)
    features = basis * torch.logspace(0, -6, 8, dtype=torch.float64)
    rotation = torch.linalg.qr(torch.randn(8, 8, dtype=torch.float64, generator=generator)).Q
    mixed = numbers(features @ rotation, column)  # the eigenvalues of F'F would be off by 5
    assert mixed == pytest.approx(numbers(features, column), abs=1e-6)


def test_better_features_have_more_evidence():
    network = torch.from_numpy(X).float()
    assert classes(network, Y) > classes(network[:, :32], Y) > classes(noise(), Y)


def test_what_has_no_evidence_is_refused():
    with pytest.raises(DataError, match="all targets are zero"):
        numbers(torch.ones(3, 2), torch.zeros(3))
    with pytest.raises(DataError, match="4 targets for 3 samples"):
        numbers(torch.ones(3, 2), torch.ones(4))
    with pytest.raises(DataError, match="targets hold NaN"):
        numbers(torch.ones(2, 2), torch.tensor([1.0, math.nan]))
    with pytest.raises(DataError, match="are not classes"):
        classes(torch.ones(3, 2), torch.ones(3))
