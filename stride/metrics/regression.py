"""Metrics of numbers: mse, rmse, mae, r2."""

import math
from typing import Any

import torch
from torch import Tensor

from stride.errors import DataError
from stride.metrics.base import KEY, Metric, Sums, exact_type
from stride.models.targets import match_shape

_OTHERS = (
    "mse, rmse, mae and r2 are for numbers, as many as there are outputs; "
    "for classes there are accuracy, top5_accuracy, error, f1 and auc"
)


class MSE(Sums):
    """The mean squared error over all numbers of all samples."""

    def terms(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return (sum of squared errors, number of them)."""
        return _with_count(_errors(outputs, targets).square().sum(), outputs)

    def value(self, sums: Any) -> float:
        """Return the mean."""
        total, count = sums
        return total / count if count else math.nan


class RMSE(MSE):
    """The root of the mean squared error over all numbers."""

    def value(self, sums: Any) -> float:
        """Return the root of the mean."""
        return math.sqrt(super().value(sums))


class MAE(MSE):
    """The mean absolute error over all numbers of all samples."""

    def terms(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return (sum of absolute errors, number of them)."""
        return _with_count(_errors(outputs, targets).abs().sum(), outputs)


class R2(Sums):
    """1 - (squared errors) / (squared deviations of the targets), as a mean over the outputs.

    Of fields (N, C, ...) each channel is an output, over all positions of all samples.

    An output whose targets are all equal counts 1 when it is right everywhere, else 0; fewer
    than two numbers of an output give NaN. Deviations are merged batch by batch round the running
    mean (Chan, Golub and LeVeque, 1979), so that a large mean costs no digits.
    """

    def terms(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return per output: count, mean and squared deviations of targets, squared errors."""
        errors = _by_channel(_errors(outputs, targets)).square().sum(0)
        exact = _by_channel(targets.to(exact_type(outputs)).reshape(outputs.shape))
        mean = exact.sum(0) / max(1, len(exact))  # a batch may have no samples
        deviations = (exact - mean).square().sum(0)
        return torch.stack([torch.full_like(mean, len(exact)), mean, deviations, errors])

    def combine(self, sums: Tensor, terms: Tensor) -> Tensor:
        """Return the running terms with a batch's merged in."""
        count = (sums[0] + terms[0]).clamp(min=1)
        shift = terms[1] - sums[1]
        mean = sums[1] + shift * terms[0] / count
        deviations = sums[2] + terms[2] + shift.square() * sums[0] * terms[0] / count
        return torch.stack([sums[0] + terms[0], mean, deviations, sums[3] + terms[3]])

    def value(self, sums: Any) -> float:
        """Return the mean over the outputs."""
        counts, _, deviations, errors = sums
        if counts[0] < 2:
            return math.nan
        scores = [_r2(d, e) for d, e in zip(deviations, errors, strict=True)]
        return math.fsum(scores) / len(scores)


def _r2(deviations: float, errors: float) -> float:
    if deviations == 0:
        return 1.0 if errors == 0 else 0.0
    return 1 - errors / deviations


def _by_channel(values: Tensor) -> Tensor:
    """Return numbers (N, C, ...) as (N * ..., C), and (N,) as (N, 1)."""
    return values.unsqueeze(1) if values.ndim < 2 else values.movedim(1, -1).flatten(0, -2)


def _errors(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return outputs - targets; shapes are made equal or refused."""
    try:
        targets = match_shape(outputs, targets)
    except DataError as error:
        raise DataError(error.what, where=KEY, hint=_OTHERS) from None
    return outputs.to(exact_type(outputs)) - targets.to(exact_type(outputs))


def _with_count(total: Tensor, outputs: Tensor) -> Tensor:
    return torch.stack([total, torch.full_like(total, outputs.numel())])


METRICS: dict[str, type[Metric]] = {"mse": MSE, "rmse": RMSE, "mae": MAE, "r2": R2}
