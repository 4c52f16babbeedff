"""LogME: how well features explain targets, as the log evidence of a linear model.

K. You et al., "LogME: Practical Assessment of Pre-trained Models for Transfer Learning", 2021,
arXiv 2102.11005. The model of a column of targets y (N,) is y = F w + noise, with features F
(N, D), w ~ N(0, I/alpha) and noise ~ N(0, I/beta). With F = U S V', t = alpha / beta and the share
of a direction that is left as noise, h = t / (t + s^2),

    ln p(y) = N/2 ln(beta / 2 pi) + 1/2 sum ln h - beta/2 Q,
    Q = sum h (U'y)^2 + the part of |y|^2 that the features do not reach.

For a given t the best beta is N / Q. So the maximum over alpha and beta is one over t alone; it is
looked for on a grid over all of t's range, then within the best cell. The fixed point for alpha
and beta leads to the same value where it does not stop on the way, as it does on noise and on
columns of very different scale. A singular value of zero has h = 1 and adds ln 1 = 0, so that the
value is the same whether zeros are counted or left out, for N > D and for N < D.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from stride.active.validation import class_codes, require_matrix
from stride.errors import DataError

# ln t, for features whose largest singular value is 1: from rounding's own size to no weight at
# all. Q and the determinant change over one unit or more, so that no maximum lies between points.
GRID = torch.linspace(math.log(1e-28), math.log(1e12), 400, dtype=torch.float64)
GOLDEN = (math.sqrt(5) - 1) / 2
GOLDEN_STEPS = 30  # leave 1e-7 of a cell, over which a maximum is flat to the last digits


def log_me(features: Tensor, targets: Tensor, *, regression: bool) -> float:
    """Return the largest log evidence per sample, as a mean over the columns of targets.

    Everything is computed in float64, on the features' device, for all columns at once. A column
    that the features explain to rounding has infinite evidence; it is counted as if noise of the
    size of rounding were left, and gives a large number.

    Args:
        features: (N, D), used as they are: not centred, without a column of ones.
        targets: classes (N,), of which each that occurs is one column of 0 and 1; or, for
            regression, numbers (N,) or (N, columns). Columns of nothing but zeros are left out.
        regression: whether the targets are numbers.

    Raises:
        DataError: shapes that do not fit, numbers that are not finite, or no column left.
    """
    rows = require_matrix(features, "features")
    columns = _numbers(targets, rows) if regression else _one_hot(targets, rows)
    lengths = torch.linalg.vector_norm(columns, dim=0)
    evidence = _Directions.of(rows, columns / lengths).best_evidence() / len(rows) - lengths.log()
    return float(evidence.mean())


def _one_hot(targets: Tensor, rows: Tensor) -> Tensor:
    """Return one column of 0 and 1 for each class that occurs: (N, classes)."""
    codes, classes = class_codes(targets, rows, "targets")
    return torch.nn.functional.one_hot(codes, classes).to(rows.dtype)


def _numbers(targets: Tensor, rows: Tensor) -> Tensor:
    """Return the columns of targets that are not zero: (N, columns)."""
    columns = require_matrix(targets[:, None] if targets.ndim == 1 else targets, "targets").to(
        rows.device
    )
    if len(columns) != len(rows):
        raise DataError(f"{len(columns)} targets for {len(rows)} samples", where="targets")
    kept = columns[:, columns.any(dim=0)]
    if not kept.shape[1]:
        raise DataError(
            "all targets are zero, which any features explain",
            where="targets",
            hint="give numbers that differ",
        )
    return kept


@dataclass(frozen=True)
class _Directions:
    """The projection of targets onto the singular directions of features.

    Attributes:
        squares: s^2 of each direction, (k,).
        reached: (U'y)^2, (k, columns).
        beyond: the rest of |y|^2, at least the square of rounding: (columns,).
        num_samples: N.
    """

    squares: Tensor
    reached: Tensor
    beyond: Tensor
    num_samples: int

    @classmethod
    def of(cls, rows: Tensor, columns: Tensor) -> "_Directions":
        """Decompose the features; a direction at the level of rounding is one of length 0."""
        sizes, along, beyond = _decomposed(rows, columns)
        rounding = torch.finfo(rows.dtype).eps * max(rows.shape)
        sizes = torch.where(sizes > rounding * sizes[0], sizes / sizes[0], 0)
        beyond = beyond.square().sum(dim=0).clamp(min=rounding**2)
        return cls(sizes.square(), along.square(), beyond, len(rows))

    def best_evidence(self) -> Tensor:
        """Return the largest log evidence of each column."""
        grid = GRID.to(self.beyond.device)
        shares = self._shares(grid)
        values = self._evidence(shares.log().sum(dim=1, keepdim=True), shares @ self.reached)
        best = values.argmax(dim=0)
        low, high = grid[(best - 1).clamp(min=0)], grid[(best + 1).clamp(max=len(grid) - 1)]
        for _ in range(GOLDEN_STEPS):
            first, second = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
            lower = self._at(first) > self._at(second)
            low, high = torch.where(lower, low, first), torch.where(lower, second, high)
        return torch.maximum(self._at((low + high) / 2), values.amax(dim=0))

    def _at(self, points: Tensor) -> Tensor:
        """Return the evidence of each column, at a ln t of its own."""
        shares = self._shares(points)
        return self._evidence(shares.log().sum(dim=1), (shares.T * self.reached).sum(dim=0))

    def _shares(self, points: Tensor) -> Tensor:
        """Return h of each direction at each ln t: (points, k)."""
        weight = points.exp()[:, None]
        return weight / (weight + self.squares)

    def _evidence(self, determinant: Tensor, noise: Tensor) -> Tensor:
        """Return the evidence from sum ln h and sum h (U'y)^2, with the best beta."""
        samples = self.num_samples
        beta = samples / (noise + self.beyond)
        return (samples * (beta / (2 * math.pi)).log() + determinant - samples) / 2


def _decomposed(rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the singular values s, U'y, and what of y is outside of U, by a stable way.

    The triangle of a QR decomposition is decomposed in place of the features: U of the features
    themselves, which nobody needs, would take longer than all the rest. The eigenvalues of F'F
    would be faster still, but lose what lies below 1e-8 of the largest singular value, which
    features of networks, computed in float32, come close to.
    """
    if len(rows) <= rows.shape[1]:
        triangle = torch.linalg.qr(rows.T, mode="r").R.T
        rotated = columns
    else:
        packed, reflections = torch.geqrf(rows)
        triangle = packed[: rows.shape[1]].triu()
        rotated = torch.ormqr(packed, reflections, columns, transpose=True)
    left, sizes, _ = torch.linalg.svd(triangle, full_matrices=False)
    return sizes, left.T @ rotated[: len(triangle)], rotated[len(triangle) :]
