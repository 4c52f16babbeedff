"""Read series that a program has written as arrays, split by split, with what is known of them."""

import torch
from torch import Tensor

from stride.data.array_dataset import ArrayDataset
from stride.data.files.array_files import StoredArray, open_arrays
from stride.data.series.series import LABELS
from stride.data.split import SPLITS, Split
from stride.errors import DataError

INPUTS = "inputs"
_TYPES = {"f": torch.float32, "b": torch.bool, "i": torch.int64, "u": torch.int64}


def series_arrays(split: Split, path: str) -> ArrayDataset | None:
    """Read series (N, channels, points) that lie in a file by split, each a sample.

    Args:
        split: train, val or test.
        path: a .safetensors or .npz file with the arrays `train/inputs`, `val/inputs` and
            `test/inputs`; `<split>/labels` (N, points) is 1 at points of an anomaly, and any other
            `<split>/<name>` (N, ...) is an annotation of that name. A relative path is looked for
            in the work_dir too.

    Raises:
        DataError: no such file or array, another shape, or a number that is not finite.
    """
    stored = open_arrays(path)
    own = {name.removeprefix(f"{split}/"): one for name, one in stored.items() if _of(split, name)}
    if INPUTS not in own:
        _require_some(stored, path)
        return None
    inputs = checked_series(_read(own.pop(INPUTS)).float(), f"{path}, {split}/{INPUTS}")
    told = {name: _annotation(one, name, inputs) for name, one in own.items()}
    return ArrayDataset([inputs], annotations=told)


def checked_series(inputs: Tensor, where: str) -> Tensor:
    """Return series (N, channels, points) as they are, where they can be trained on.

    Raises:
        DataError: another shape, nothing in it, or a number that is NaN or infinite.
    """
    if inputs.ndim != 3:
        what = f"series have the shape (N, channels, points), not {tuple(inputs.shape)}"
        hint = "of (N, points), with one channel, give: series[:, None]"
        raise DataError(what, where=where, hint=hint)
    if not inputs.numel():
        what = f"no numbers in series of the shape {tuple(inputs.shape)}"
        raise DataError(what, where=where, hint="give at least one series")
    finite = inputs.isfinite()
    if not finite.all():
        number, channel, point = (~finite).nonzero()[0].tolist()
        what = f"series {number} has {inputs[number, channel, point]:g} at point {point}"
        hint = "fill it in, as by interpolation, or leave that series out"
        raise DataError(f"{what} of channel {channel}", where=where, hint=hint)
    return inputs


def checked_labels(labels: Tensor, inputs: Tensor, where: str) -> Tensor:
    """Return the labels of points (N, points) as bools, true for an anomaly.

    Args:
        labels: 0 or 1 for each point.
        inputs: the series that they are of.
        where: for the error.

    Raises:
        DataError: another shape, or another number.
    """
    wanted = (len(inputs), inputs.shape[-1])
    if tuple(labels.shape) != wanted:
        what = f"labels have the shape {tuple(labels.shape)}, and their series want {wanted}"
        hint = "give one for each point: (N, points), the same for all channels"
        raise DataError(what, where=where, hint=hint)
    wrong = (labels != 0) & (labels != 1)
    if wrong.any():
        number, point = wrong.nonzero()[0].tolist()
        what = f"the label {labels[number, point]:g} of series {number} is neither 0 nor 1"
        hint = "give 1 at each point of an anomaly and 0 elsewhere"
        raise DataError(what, where=where, hint=hint)
    return labels.bool()


def _of(split: str, name: str) -> bool:
    return name.startswith(f"{split}/")


def _require_some(stored: dict[str, StoredArray], path: str) -> None:
    """Refuse a file without any split, which is of something else."""
    if not any(f"{split}/{INPUTS}" in stored for split in SPLITS):
        some = ", ".join([*stored][:5]) or "nothing"
        hint = "name the arrays train/inputs, val/inputs, test/inputs, and train/labels likewise"
        raise DataError(f"it holds {some}, and no train/inputs", where=path, hint=hint)


def _annotation(stored: StoredArray, name: str, inputs: Tensor) -> Tensor:
    if name == LABELS:
        return checked_labels(_read(stored), inputs, stored.where)
    if stored.shape[:1] != (len(inputs),):
        what = f"it has the shape {stored.shape}, and there are {len(inputs)} series"
        raise DataError(what, where=stored.where, hint="give a row for each series")
    return _read(stored)


def _read(stored: StoredArray) -> Tensor:
    """Return a whole array, in the type that its kind of number has here.

    Raises:
        DataError: it holds no numbers, or one that the type cannot hold.
    """
    if stored.kind.kind not in _TYPES:
        what = f"an array of {stored.kind} does not hold numbers"
        raise DataError(what, where=stored.where, hint="store numbers in it")
    return stored.tensor(_TYPES[stored.kind.kind])
