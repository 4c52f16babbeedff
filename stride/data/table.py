"""Read a dataset from a table: a CSV, Parquet or NPZ file with named columns."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from stride.data.columns import ArrayDataset
from stride.data.files.locate import locate
from stride.data.files.table_files import open_table
from stride.data.labels import Array, check_finite, encode_labels
from stride.errors import DataError, nearest


def table(
    path: str,
    target: str | list[str] | None = None,
    features: list[str] | None = None,
    target_kind: Literal["class", "float"] | None = None,
    delimiter: str | None = None,
) -> ArrayDataset:
    """Read a table: inputs float32 (number of features,), targets classes or numbers.

    Args:
        path: A .csv, .tsv, .parquet or .npz file.
        target: The column to predict; several give a vector of numbers; None: no targets.
        features: The columns to predict from; None: all the others.
        target_kind: "class" or "float"; None: text and whole numbers are classes, the rest not.
        delimiter: What separates the cells of a CSV file; None: a comma (a tab in .tsv).

    Raises:
        DataError: No such file or column, text among the features, missing values.
    """
    file = open_table(locate(path, "path"), delimiter)
    targets = [target] if isinstance(target, str) else list(target or [])
    chosen = list(features) if features is not None else [n for n in file.names if n not in targets]
    _check_names(file.names, targets, "target")
    _check_names(file.names, chosen, "features")
    if shared := set(chosen) & set(targets):
        raise DataError(
            f"column {min(shared)!r} is both a feature and the target",
            where="dataset_kwargs.features",
            hint="take it out of one of them",
        )
    if not chosen:
        raise DataError("no feature columns are left", where=path, hint="name some in features")
    columns = file.read([*chosen, *targets])
    inputs = torch.stack([_numbers(columns[name], name, "features") for name in chosen], dim=1)
    values, classes = _targets({name: columns[name] for name in targets}, target_kind)
    return ArrayDataset([inputs, *values], classes=classes)


def _check_names(names: Sequence[str], wanted: Sequence[str], key: str) -> None:
    for name in wanted:
        if name not in names:
            raise DataError(
                f"no column {name!r}",
                where=f"dataset_kwargs.{key}",
                hint=nearest(name, names) or f"the columns are {', '.join(names)}",
            )


def _numbers(column: Array, name: str, key: str) -> Tensor:
    """Return the column as float32; name the first cell that is empty or no number."""
    where = f"dataset_kwargs.{key}, column {name!r}"
    try:
        values = column.astype(np.float64)
    except (TypeError, ValueError):
        row = next(row for row, cell in enumerate(column.tolist()) if not _is_number(cell))
        what, cell = "missing", column[row]
        if cell not in ("", None):
            what = f"{str(cell)!r}, not a number"
        raise DataError(
            f"the value in data row {row + 1} is {what}",
            where=where,
            hint="leave the column out of features, or turn it into numbers"
            if key == "features"
            else "type target_kind=class if the values are classes",
        ) from None
    if not np.isfinite(values).all():
        row = int(np.isfinite(values).argmin())
        raise DataError(
            f"the value in data row {row + 1} is missing, NaN or infinite",
            where=where,
            hint="fill it in, or remove the row",
        )
    return torch.from_numpy(values.astype(np.float32))


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


def _targets(
    columns: dict[str, Array], kind: Literal["class", "float"] | None
) -> tuple[list[Tensor], tuple[str, ...]]:
    if not columns:
        return [], ()
    if len(columns) > 1:
        if kind == "class":
            raise DataError(
                "several targets are numbers, not classes",
                where="dataset_kwargs.target_kind",
                hint="name one target, or leave target_kind out",
            )
        values = [_numbers(column, name, "target") for name, column in columns.items()]
        return [torch.stack(values, dim=1)], ()
    [(name, column)] = columns.items()
    return _one_target(column, name, kind)


def _one_target(
    column: Array, name: str, kind: Literal["class", "float"] | None
) -> tuple[list[Tensor], tuple[str, ...]]:
    where = f"dataset_kwargs.target, column {name!r}"
    whole = _whole_numbers(column)
    labels = column if whole is None else whole
    if kind is None:
        kind = _guess_kind(labels, where)
    if kind == "float":
        numbers = _numbers(column, name, "target")
        check_finite(numbers, where)
        return [numbers], ()
    codes, classes = encode_labels(labels, where)
    counted = whole is not None and classes == tuple(map(str, range(len(classes))))
    return [codes], () if counted else classes


def _whole_numbers(column: Array) -> Array | None:
    """Return the column as whole numbers where every cell is written as one."""
    if column.dtype.kind in "biu":
        return column.astype(np.int64)
    if column.dtype.kind not in "OUS":
        return None
    try:
        return np.array([int(cell) for cell in column.tolist() if not isinstance(cell, float)])
    except (TypeError, ValueError):
        return None


def _guess_kind(labels: Array, where: str) -> Literal["class", "float"]:
    if labels.dtype.kind in "biu":
        different = len(np.unique(labels))
        if different > max(100, len(labels) ** 0.5):
            raise DataError(
                f"{different:,} different whole numbers may be classes or amounts",
                where=where,
                hint="type target_kind=float or target_kind=class",
            )
        return "class"
    if labels.dtype.kind == "f":
        return "float"
    filled = [cell for cell in labels.tolist() if cell not in ("", None)]
    return "float" if filled and all(_is_number(cell) for cell in filled) else "class"
