"""Turn the columns to predict into targets: classes or numbers."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from stride.data.cells.categories import encode
from stride.data.cells.column import Columns, TableColumn
from stride.data.cells.column_type import column_type
from stride.data.cells.floats import to_floats
from stride.data.cells.read_options import ReadOptions
from stride.errors import DataError

Kind = Literal["class", "float"]
_CLASSES = "type dataset_kwargs.target_kind=class if the values are classes"
_FEW = 100  # different whole numbers may always be classes


@dataclass(frozen=True)
class TableTargets:
    """The targets of a table.

    Attributes:
        tensors: one of classes (N,) int64, of numbers (N,) or (N, number of targets); or none.
        classes: labels of the classes by code, unless they are the codes.
        categories: the labels of the target's column by code, where it holds classes.
    """

    tensors: tuple[Tensor, ...] = ()
    classes: tuple[str, ...] = ()
    categories: dict[str, list[str]] = field(default_factory=dict)


def read_targets(columns: Columns, kind: Kind | None, reading: ReadOptions) -> TableTargets:
    """Return the targets; of several columns, a vector of numbers.

    Raises:
        DataError: a cell that is not a number, classes in several columns, or one column that is
            neither clearly numbers nor clearly classes; names the cell and the key that decides.
    """
    if not columns:
        return TableTargets()
    if len(columns) == 1:
        return _one(next(iter(columns.values())), kind, reading)
    if kind == "class":
        raise DataError(
            "several targets are numbers, not classes",
            where="dataset_kwargs.target_kind",
            hint="name one target, or leave target_kind out",
        )
    values = [to_floats(column, reading, "fix the cell") for column in columns.values()]
    return TableTargets((torch.stack(values, dim=1),))


def _one(column: TableColumn, kind: Kind | None, reading: ReadOptions) -> TableTargets:
    if (kind or _guess(column, reading)) == "float":
        return TableTargets((to_floats(column, reading, _CLASSES),))
    codes, values = encode(column, reading)
    counted = values == [str(code) for code in range(len(values))]
    return TableTargets((codes,), () if counted else tuple(values), {column.name: values})


def _guess(column: TableColumn, reading: ReadOptions) -> Kind:
    if column.name in reading.categories:
        return "class"
    sort = column_type(column, reading, _CLASSES)
    if sort == "whole":
        different = len(np.unique(column.cells))
        if different > max(_FEW, len(column) ** 0.5):
            raise DataError(
                f"{different:,} different whole numbers may be classes or amounts",
                where=f"{column.rows.path}, column {column.name!r}",
                hint="type dataset_kwargs.target_kind=float or dataset_kwargs.target_kind=class",
            )
    return "float" if sort == "number" else "class"
