"""Read a dataset from arrays: NPY, NPZ or safetensors files, mapped where they are large."""

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from stride.data.array_dataset import ArrayDataset, Column
from stride.data.files.array_files import StoredArray, open_arrays, require_one_length
from stride.data.files.locate import available_memory
from stride.data.labels import check_finite, encode_labels, input_dtype, target_dtype
from stride.errors import DataError, nearest


def arrays(
    path: str,
    inputs: str = "inputs",
    targets: str | None = "targets",
    input_kind: Literal["float", "index"] | None = None,
    classes: list[str] | None = None,
    memory_map: bool | None = None,
) -> ArrayDataset:
    """Read inputs and targets, whose first dimension counts the samples.

    Args:
        path: a .npz or .safetensors file, a folder of .npy files, or one .npy file of inputs.
        inputs: the name of the inputs in the file (in a folder: inputs.npy).
        targets: the name of the targets; None: there are none.
        input_kind: what whole numbers among the inputs are: "float", or "index" (tokens); None:
            bytes and samples of several dimensions (images, sound) are floats, the rest indices.
        classes: the labels of targets that are text, in the order of their codes; None: those in
            the file, ordered as text, which the run's config then records.
        memory_map: leave the arrays in their files and read them batch by batch; None: do so
            where they would take more than half of the memory that is free.

    Raises:
        DataError: no such file or array, lengths that differ, pickled arrays, NaN in targets,
            a number that float32 or int64 cannot hold.
    """
    stored = open_arrays(path)
    if Path(path).suffix.lower() == ".npy":
        chosen = list(stored.values())
    else:
        names = {"inputs": inputs} | ({"targets": targets} if targets is not None else {})
        chosen = [_named(stored, name, key, path) for key, name in names.items()]
    lengths = {array.name: array.shape[0] if array.shape else 0 for array in chosen}
    require_one_length(lengths, "arrays", path)
    if memory_map is None:
        memory_map = sum(array.nbytes for array in chosen) > available_memory() // 2
    first = chosen[0]
    dtype = input_dtype(first.kind, len(first.shape) - 1, input_kind, first.where)
    columns: list[Column] = [_read(first, dtype, memory_map)]
    labels: tuple[str, ...] = ()
    for array in chosen[1:]:
        column, labels = _targets(array, classes, memory_map)
        columns.append(column)
    inferred = {"classes": list(labels)} if labels else {}
    return ArrayDataset(columns, classes=labels, inferred=inferred)


def _named(stored: dict[str, StoredArray], name: str, key: str, path: str) -> StoredArray:
    if name in stored:
        return stored[name]
    hint = nearest(name, stored) or f"the arrays there are {', '.join(stored) or 'none'}"
    raise DataError(
        f"no array {name!r} in {path}",
        where=f"dataset_kwargs.{key}",
        hint=hint + ("; type targets=null to do without" if key == "targets" else ""),
    )


def _read(array: StoredArray, dtype: torch.dtype, memory_map: bool) -> Column:
    return array.column(dtype) if memory_map else array.tensor(dtype)


def _targets(
    array: StoredArray, classes: list[str] | None, memory_map: bool
) -> tuple[Column, tuple[str, ...]]:
    if array.stored_dtype.kind in "US":  # text: classes, which are small enough for memory
        return encode_labels(array.read().astype(str), classes, array.where)
    column = _read(array, target_dtype(array.kind, array.where), memory_map)
    if isinstance(column, Tensor):
        check_finite(column, array.where)
    return column, ()
