"""Transferability scores of a trained network for new labels: LEEP, NCE, H, N-LEEP.

Of each, larger is better. Everything is computed in float64, on the device of what is given.
"""

import math
import warnings

import torch
from torch import Tensor

from stride.active.validation import class_codes, require_matrix, require_probabilities


def leep(source_probabilities: Tensor, labels: Tensor) -> float:
    """Return the log expected empirical prediction, at most 0.

    With q_i the network's distribution over its own classes z for sample i of n:
    P(y, z) = 1/n sum of q_i(z) over the samples with label y; LEEP = 1/n sum ln sum_z P(y_i | z)
    q_i(z), where P(y | z) = P(y, z) / P(z) is 0 for a class z that is never predicted. C. Nguyen
    et al., "LEEP: A New Measure to Evaluate Transferability of Learned Representations", 2020,
    arXiv 2002.12462.

    Args:
        source_probabilities: (n, source classes).
        labels: (n,), whole numbers from 0 on, of which some need not occur.

    Raises:
        DataError: rows that are not probabilities, or labels that do not fit them.
    """
    rows = require_probabilities(source_probabilities, "source_probabilities")
    codes, classes = class_codes(labels, rows)
    joint = rows.new_zeros(classes, rows.shape[1]).index_add_(0, codes, rows)
    conditional = _divided(joint, joint.sum(dim=0))
    return float((conditional[codes] * rows).sum(dim=1).log().mean())


def nce(source: Tensor, labels: Tensor) -> float:
    """Return the negative conditional entropy -H(Y | Z) of labels given predicted classes.

    It is the mean over the samples of ln(those with the same Y and Z / those with the same Z), at
    most 0. A. Tran, C. Nguyen and T. Hassner, "Transferability and Hardness of Supervised
    Classification Tasks", 2019, arXiv 1908.08142.

    Args:
        source: the network's scores (n, source classes), of which the largest is its prediction,
            or its predicted classes (n,).
        labels: (n,), whole numbers from 0 on, of which some need not occur.

    Raises:
        DataError: scores that are not finite, or labels that do not fit.
    """
    predicted = require_matrix(source, "source").argmax(dim=1) if source.ndim == 2 else source
    sources, _ = class_codes(predicted, predicted, "source")
    targets, classes = class_codes(labels, predicted)
    pairs = sources * classes + targets
    together, alone = pairs.bincount()[pairs], sources.bincount()[sources]
    return float((together.double() / alone).log().mean())


def h_score(features: Tensor, labels: Tensor) -> float:
    """Return the H-score with shrinkage: how far apart the classes' mean features lie.

    H = tr(A^-1 (1 - a) B), where B is the covariance of the classes' means, each counted by its
    samples, and A = (1 - a) S + a m I the features' covariance S drawn towards its mean variance m,
    by the share a of Ledoit and Wolf (2004). It lies between 0 and the number of classes less 1.
    The original form (Y. Bao et al., "An Information-Theoretic Approach to Transferability in Task
    Transfer Learning", 2019) has the pseudo-inverse of S for A^-1, which is that largest value for
    any features of more dimensions than samples. The shrinkage is that of S. Ibrahim, N. Ponomareva
    and R. Mazumder, "Newer is not always better", 2021, arXiv 2110.06893.

    Args:
        features: (n, D).
        labels: (n,), whole numbers from 0 on, of which some need not occur.

    Raises:
        DataError: features that are not finite, or labels that do not fit.
    """
    rows = require_matrix(features, "features")
    codes, classes = class_codes(labels, rows)
    rows = rows - rows.mean(dim=0)
    left, sizes, _ = torch.linalg.svd(rows, full_matrices=False)
    variances = sizes.square() / len(rows)
    shrinkage, mean = _shrinkage(rows, variances), variances.sum() / rows.shape[1]
    sums = left.new_zeros(classes, left.shape[1]).index_add_(0, codes, left)
    between = (sums.square() / codes.bincount()[:, None]).sum(dim=0) * variances
    within = (1 - shrinkage) * variances + shrinkage * mean
    return float(((1 - shrinkage) * _divided(between, within)).sum())


def n_leep(
    features: Tensor,
    labels: Tensor,
    *,
    components_per_class: int = 5,
    variance: float = 0.8,
    seed: int = 0,
) -> float:
    """Return LEEP with the components of a Gaussian mixture in place of source classes.

    It needs no classes of the network: the mixture is fitted to the principal components of the
    features, and what it says of each sample takes the place of q_i. Y. Li et al., "Ranking Neural
    Checkpoints", 2021, arXiv 2011.11200.

    Args:
        features: (n, D).
        labels: (n,), whole numbers from 0 on, of which some need not occur.
        components_per_class: components of the mixture for each class that occurs; in all at most
            half as many as there are samples.
        variance: the share of the variance that the principal components are to hold.
        seed: what the start of the mixture depends on.

    Raises:
        DataError: features that are not finite, or labels that do not fit.
    """
    rows = require_matrix(features, "features")
    _, classes = class_codes(labels, rows)
    components = min(components_per_class * classes, len(rows) // 2)
    if components < 2:
        return leep(rows.new_ones(len(rows), 1), labels)
    return leep(_mixture(_principal(rows, variance), components, seed), labels)


def _divided(parts: Tensor, wholes: Tensor) -> Tensor:
    """Return parts / wholes, 0 where the whole is 0."""
    return torch.where(wholes > 0, parts / wholes, 0)


def _shrinkage(centred: Tensor, variances: Tensor) -> Tensor:
    """Return the share by which to draw a covariance towards its mean variance.

    It is min(b, d) / d, with d the squared distance of the covariance S from there, and b its
    squared error as estimated from the samples, both in the Frobenius norm: d = |S|^2 - tr(S)^2 / D
    and b = 1/n (1/n sum |x|^4 - |S|^2). O. Ledoit and M. Wolf, "A well-conditioned estimator for
    large-dimensional covariance matrices", 2004.
    """
    samples, dimensions = centred.shape
    norm = variances.square().sum()
    distance = (norm - variances.sum().square() / dimensions).clamp(min=0)
    error = (centred.square().sum(dim=1).square().mean() - norm) / samples
    return _divided(torch.minimum(error.clamp(min=0), distance), distance)


def _principal(rows: Tensor, variance: float) -> Tensor:
    """Return the principal components that hold this share of the variance, the first of size 1."""
    left, sizes, _ = torch.linalg.svd(rows - rows.mean(dim=0), full_matrices=False)
    if sizes[0] == 0:
        return rows.new_zeros(len(rows), 1)
    held = sizes.square().cumsum(dim=0) / sizes.square().sum()
    kept = min(int((held < variance).sum()) + 1, len(sizes))
    components: Tensor = left[:, :kept] * (sizes[:kept] / sizes[0]) * math.sqrt(len(rows))
    return components


def _mixture(rows: Tensor, components: int, seed: int) -> Tensor:
    """Return how likely each sample is of each component of a Gaussian mixture: (n, components)."""
    from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]
    from sklearn.mixture import GaussianMixture  # type: ignore[import-untyped]
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    mixture = GaussianMixture(components, random_state=seed)
    values = rows.cpu().numpy()
    # Several threads add up in any order: then the same seed need not give the same mixture.
    with warnings.catch_warnings(), threadpool_limits(1):
        # A mixture that still moves at its last step, or has fewer clusters, serves as well.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found: Tensor = torch.from_numpy(mixture.fit(values).predict_proba(values))
    return found.to(rows.device)
