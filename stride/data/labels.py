"""Turn columns of numbers or text into the tensors that training takes."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from stride.errors import DataError

Array = np.ndarray[Any, Any]


def input_dtype(
    stored: np.dtype[Any], sample_ndim: int, kind: Literal["float", "index"] | None, where: str
) -> torch.dtype:
    """Return the type that inputs stored so are trained in.

    Args:
        stored: the type of the numbers in the file.
        sample_ndim: dimensions of one sample.
        kind: "float" (float32) or "index" (int64) for whole numbers; None: bytes, and samples of
            several dimensions (images, sound of several channels), become float32, unscaled;
            others, which are indices or tokens, int64.
        where: the file, for the error.

    Raises:
        DataError: not numbers, or floats that are to be indices.
    """
    if stored.kind in "fb":
        if kind == "index":
            what = f"an array of {stored} does not hold indices"
            raise DataError(what, where=where, hint="leave dataset_kwargs.input_kind out")
        return torch.float32
    if stored.kind in "iu":
        floats = kind == "float" or (kind is None and (stored == np.uint8 or sample_ndim > 1))
        return torch.float32 if floats else torch.int64
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
        f"an array of {stored} does not hold numbers", where=where, hint="store numbers in it"
    )


def to_tensor(array: Array, dtype: torch.dtype, where: str) -> Tensor:
    """Copy an array, of either byte order, into a tensor of the type.

    Raises:
        DataError: it holds a number that the type cannot hold.
    """
    native = np.array(array, dtype=array.dtype.newbyteorder("="), order="C")
    require_in_range(native, dtype, np.arange(len(native)) if native.ndim else None, where)
    return torch.from_numpy(native).to(dtype)


def require_in_range(array: Array, dtype: torch.dtype, samples: Array | None, where: str) -> None:
    """Refuse numbers that would wrap around or become infinite in the type.

    Args:
        array: the numbers, in the order of bytes of this machine.
        dtype: the type that they are to have.
        samples: the number of each sample, from 0, for the error.
        where: the file, for the error.

    Raises:
        DataError: there is one; names its sample and its place in it.
    """
    if array.dtype == np.uint64 and dtype == torch.int64:
        beyond = array > np.iinfo(np.int64).max
    elif array.dtype.kind in "fc" and array.dtype.itemsize > dtype.itemsize:
        beyond = np.isfinite(array) & (np.abs(array) > torch.finfo(dtype).max)
    else:
        return
    if beyond.any():
        first, *rest = np.argwhere(beyond)[0].tolist() if array.ndim else [0]
        sample = first if samples is None else int(samples[first])
        place = f"sample {sample}" + (f", at {rest}" if rest else "")
        raise DataError(
            f"{array[(first, *rest)] if array.ndim else array} is too large for "
            f"{str(dtype).removeprefix('torch.')}",
            where=f"{where}, {place}",
            hint="store numbers of another unit or type",
        )


def encode_labels(
    labels: Array, known: Sequence[str] | None, where: str
) -> tuple[Tensor, tuple[str, ...]]:
    """Return the code of each label, int64, and the labels in the order of their codes.

    Args:
        labels: texts.
        known: the labels in that order; None: those that are there, ordered as text.
        where: the file, for the error.

    Raises:
        DataError: a label is empty, or not among those known; names its row.
    """
    found, at = np.unique(labels, return_inverse=True)
    classes = tuple(known if known is not None else found.tolist())
    codes = {label: code for code, label in enumerate(classes) if label}
    numbered = np.array([codes.get(label, -1) for label in found.tolist()])[at].reshape(
        labels.shape
    )
    if (numbered < 0).any():
        row = int((numbered.reshape(len(labels), -1) < 0).any(axis=1).argmax())
        label = str(labels[row])
        what = (
            f"the label {label!r} is not in dataset_kwargs.classes"
            if label
            else "a label is missing"
        )
        hint = "remove such samples, or give them a label that the others have"
        raise DataError(what, where=f"{where}, data row {row + 1}", hint=hint)
    return torch.from_numpy(numbered.astype(np.int64)), classes


def check_finite(targets: Tensor, where: str) -> None:
    """Refuse targets that are NaN or infinite, naming the first row.

    Raises:
        DataError: there is such a row.
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
