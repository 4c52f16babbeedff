"""Metrics of numbers: mse, rmse, mae, r2."""

import math
from typing import Any, Literal

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
    """The mean squared error over all numbers of all samples.

    Args:
        channel: the one output, of fields (N, C, ...) the channel, that is measured; None for all.
        average: "mean" over all of them; "none", each output by its number.
    """

    def __init__(
        self, channel: int | None = None, average: Literal["mean", "none"] = "mean"
    ) -> None:
        super().__init__()
        _require_one_choice(channel, average)
        self._channel = channel
        self._average = average

    def terms(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return (sum of the errors' sizes, number of them), each by output where asked."""
        sizes = self.sizes(_errors(outputs, targets))
        if self._average == "none":
            sizes = _by_channel(sizes)
            total, count = sizes.sum(0), len(sizes)
        else:
            sizes = sizes if self._channel is None else _chosen(sizes, self._channel)
            total, count = sizes.sum(), sizes.numel()
        return torch.stack([total, torch.full_like(total, count)])

    def sizes(self, errors: Tensor) -> Tensor:
        """Return what each error counts."""
        return errors.square()

    def value(self, sums: Any) -> float | dict[str, float]:
        """Return the mean, or that of each output."""
        total, count = sums
        if self._average == "none":
            pairs = enumerate(zip(total, count, strict=True))
            return {str(number): self.mean(*pair) for number, pair in pairs}
        return self.mean(total, count)

    def mean(self, total: float, count: float) -> float:
        """Return the mean of what the errors count."""
        return total / count if count else math.nan


class RMSE(MSE):
    """The root of the mean squared error over all numbers, with the arguments of mse."""

    def mean(self, total: float, count: float) -> float:
        """Return the root of the mean."""
        return math.sqrt(super().mean(total, count))


class MAE(MSE):
    """The mean absolute error over all numbers of all samples, with the arguments of mse."""

    def sizes(self, errors: Tensor) -> Tensor:
        """Return the errors without their signs."""
        return errors.abs()


class R2(Sums):
    """1 - (squared errors) / (squared deviations of the targets), as a mean over the outputs.

    Of fields (N, C, ...) each channel is an output, over all positions of all samples.

    An output whose targets are all equal counts 1 when it is right everywhere, else 0; fewer
    than two numbers of an output give NaN. Deviations are merged batch by batch round the running
    mean (Chan, Golub and LeVeque, 1979), so that a large mean costs no digits.

    Args:
        channel: the one output, or channel, that is measured; None for all.
        average: "mean" over the outputs; "variance_weighted" by their deviations; "none", each
            output by its number.
    """

    def __init__(
        self,
        channel: int | None = None,
        average: Literal["mean", "variance_weighted", "none"] = "mean",
    ) -> None:
        super().__init__()
        _require_one_choice(channel, average)
        self._channel = channel
        self._average = average

    def terms(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return per output: count, mean and squared deviations of targets, squared errors."""
        errors = _chosen(_errors(outputs, targets), self._channel).square().sum(0)
        exact = targets.to(exact_type(outputs)).reshape(outputs.shape)
        exact = _chosen(exact, self._channel)
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

    def value(self, sums: Any) -> float | dict[str, float]:
        """Return the mean over the outputs, or the score of each."""
        counts, _, deviations, errors = sums
        pairs = zip(deviations, errors, strict=True)
        scores = [_r2(*pair) if counts[0] >= 2 else math.nan for pair in pairs]
        if self._average == "none":
            return {str(number): score for number, score in enumerate(scores)}
        by_deviation = self._average == "variance_weighted" and any(deviations)
        weights = deviations if by_deviation else [1.0] * len(scores)
        weighted = (w * score for w, score in zip(weights, scores, strict=True))
        return math.fsum(weighted) / math.fsum(weights)


def _r2(deviations: float, errors: float) -> float:
    if deviations == 0:
        return 1.0 if errors == 0 else 0.0
    return 1 - errors / deviations


def _by_channel(values: Tensor) -> Tensor:
    """Return numbers (N, C, ...) as (N * ..., C), and (N,) as (N, 1)."""
    return values.unsqueeze(1) if values.ndim < 2 else values.movedim(1, -1).flatten(0, -2)


def _chosen(values: Tensor, channel: int | None) -> Tensor:
    """Return numbers (N, C, ...) as (N * ..., C), or as (N * ..., 1) of one channel.

    Raises:
        DataError: there is no such channel.
    """
    columns = _by_channel(values)
    if channel is None:
        return columns
    if not 0 <= channel < columns.shape[1]:
        raise DataError(
            f"there is no channel {channel}: the outputs have {columns.shape[1]}",
            where=KEY,
            hint=f"type one from 0 to {columns.shape[1] - 1}",
        )
    return columns[:, channel : channel + 1]


def _require_one_choice(channel: int | None, average: str) -> None:
    if channel is not None and average != "mean":
        raise ValueError(f"of one channel there is no average {average!r}: leave one of them out")


def _errors(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return outputs - targets; shapes are made equal or refused."""
    try:
        targets = match_shape(outputs, targets)
    except DataError as error:
        raise DataError(error.what, where=KEY, hint=_OTHERS) from None
    return outputs.to(exact_type(outputs)) - targets.to(exact_type(outputs))


METRICS: dict[str, type[Metric]] = {"mse": MSE, "rmse": RMSE, "mae": MAE, "r2": R2}
