"""Turn columns of numbers or text into the tensors that training takes."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stride.errors import DataError

Array = np.ndarray[Any, Any]


def input_dtype(stored: np.dtype[Any], where: str) -> torch.dtype:
    """Return the type that inputs stored so are trained in.

    Floats, bools and bytes (pixels) become float32, unscaled; wider whole numbers, which are
    indices or tokens, int64.
    """
    if stored.kind == "f" or stored.kind == "b" or stored == np.uint8:
        return torch.float32
    if stored.kind in "iu":
        return torch.int64
    if stored.kind == "c":
        return torch.complex64
    raise _not_numbers(stored, where)


def target_dtype(stored: np.dtype[Any], where: str) -> torch.dtype:
    """Return the type of targets stored so: float32 for floats, int64 (classes) for the rest."""
    if stored.kind == "f":
        return torch.float32
    if stored.kind in "biu":
        return torch.int64
    raise _not_numbers(stored, where)


def _not_numbers(stored: np.dtype[Any], where: str) -> DataError:
    return DataError(
        f"an array of {stored} holds no numbers", where=where, hint="store numbers in it"
    )


def to_tensor(array: Array, dtype: torch.dtype) -> Tensor:
    """Copy an array, of either byte order, into a tensor of the type."""
    native = np.array(array, dtype=array.dtype.newbyteorder("="), order="C")
    return torch.from_numpy(native).to(dtype)


def encode_labels(labels: Array, where: str) -> tuple[Tensor, tuple[str, ...]]:
    """Return the code of each label and the labels in the order of their codes.

    Whole numbers are ordered as numbers, text as text; codes count from 0.

    Raises:
        DataError: A label is missing (empty, None or NaN); names its row.
    """
    missing = _first_missing(labels)
    if missing is not None:
        raise DataError(
            f"the class label in data row {missing + 1} is missing",
            where=where,
            hint="remove such rows, or give them a label of their own",
        )
    names = labels if labels.dtype.kind in "biu" else np.array([str(v) for v in labels.tolist()])
    found, codes = np.unique(names, return_inverse=True)
    texts = tuple(str(value) for value in found.tolist())
    return torch.from_numpy(codes.reshape(labels.shape).astype(np.int64)), texts


def _first_missing(labels: Array) -> int | None:
    if labels.dtype.kind in "biu":
        return None
    for row, value in enumerate(labels.tolist()):
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            return row
    return None


def check_finite(targets: Tensor, where: str) -> None:
    """Refuse targets that are NaN or infinite, naming the first row.

    Raises:
        DataError: There is such a row.
    """
    if not targets.is_floating_point():
        return
    bad = ~targets.isfinite().reshape(len(targets), -1).all(dim=1)
    if bad.any():
        raise DataError(
            f"{int(bad.sum())} targets are NaN or infinite, first in data row "
            f"{int(bad.int().argmax()) + 1}",
            where=where,
            hint="remove such rows, or fill them in",
        )
