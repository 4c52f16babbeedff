"""Validate features, probabilities and labels, and convert them to float64."""

import torch
from torch import Tensor

from stride.errors import DataError

SUM_TOLERANCE = 0.01  # of a row of probabilities; half precision and a thousand classes are within


def to_float64(values: Tensor) -> Tensor:
    """Return the values as float64 without their graph, on their device where it has doubles."""
    values = values.detach()
    return (values.cpu() if values.device.type == "mps" else values).to(torch.float64)


def require_matrix(values: Tensor, name: str) -> Tensor:
    """Return a matrix, one row a sample, as float64.

    Raises:
        DataError: it has not two dimensions, holds nothing, or is not finite; names it.
    """
    if values.ndim != 2 or not values.numel():
        raise DataError(
            f"{name} of shape {tuple(values.shape)} are not a matrix",
            where=name,
            hint="give one row a sample: features.flatten(1)",
        )
    rows = to_float64(values)
    bad = ~rows.isfinite().all(dim=1)
    if bad.any():
        raise DataError(
            f"{int(bad.sum())} rows of {name} hold NaN or infinity, first row {_first(bad)}",
            where=name,
            hint="a network whose training went wrong gives such numbers",
        )
    return rows


def require_probabilities(values: Tensor, name: str) -> Tensor:
    """Return class probabilities (n, classes) as float64.

    Raises:
        DataError: a row is negative somewhere or does not sum to 1, as logits do not.
    """
    rows = require_matrix(values, name)
    bad = (rows < 0).any(dim=1) | ((rows.sum(dim=1) - 1).abs() > SUM_TOLERANCE)
    if bad.any():
        first = _first(bad)
        raise DataError(
            f"row {first} of {name} sums to {float(rows[first].sum()):.4g} and begins with "
            f"{float(rows[first, 0]):.4g}: not probabilities",
            where=name,
            hint="of logits, give logits.softmax(dim=1)",
        )
    return rows


def class_labels(labels: Tensor, like: Tensor, name: str = "labels") -> Tensor:
    """Return labels (n,) as int64, beside the n rows of another tensor.

    Raises:
        DataError: their number is not that of the rows, or they are not whole numbers from 0 on.
    """
    if labels.shape != like.shape[:1]:
        raise DataError(
            f"{name} of shape {tuple(labels.shape)} for {len(like)} samples", where=name
        )
    if labels.is_floating_point() or labels.is_complex():
        raise DataError(
            f"{name} of type {labels.dtype} are not classes",
            where=name,
            hint="give whole numbers: labels.long()",
        )
    whole = labels.detach().to(like.device, torch.int64)
    if (whole < 0).any():
        raise DataError(
            f"{name} hold {int(whole.min())}, and classes count from 0",
            where=name,
            hint="leave out the samples that are not to be counted: labels >= 0",
        )
    return whole


def class_codes(labels: Tensor, like: Tensor, name: str = "labels") -> tuple[Tensor, int]:
    """Return labels (n,) numbered without gaps, and the number of classes that occur.

    Raises:
        DataError: as `class_labels`.
    """
    whole = class_labels(labels, like, name)
    occurring, codes = torch.unique(whole, return_inverse=True)
    return codes, len(occurring)


def _first(bad: Tensor) -> int:
    return int(bad.int().argmax())
