"""Encode the classes or categories of a column as integers."""

from collections.abc import Sequence
from decimal import Decimal as Exact

import numpy as np
import torch
from torch import Tensor

from stride.data.cells.column import TableColumn
from stride.data.cells.column_type import WHOLE
from stride.data.cells.numbers import is_number
from stride.data.cells.read_options import ReadOptions
from stride.data.labels import Array
from stride.errors import DataError


def encode(column: TableColumn, reading: ReadOptions) -> tuple[Tensor, list[str]]:
    """Return the code of each cell (N,), int64, and the values in the order of their codes.

    The order is the one given in `categories`; else whole numbers are ordered as numbers, and
    everything else as text.

    Raises:
        DataError: a value that is not among those given, or one written in two ways.
    """
    found, at = np.unique(column.texts(), return_inverse=True)
    known = reading.categories.get(column.name)
    if known is None:
        _require_one_spelling(column, found, at, reading)
        values = _ordered(found.tolist())
    else:
        values = list(known)
        _require_different(column.name, values)
    codes = {value: code for code, value in enumerate(values)}
    of_found = np.array([codes.get(value, -1) for value in found.tolist()], dtype=np.int64)
    numbered = of_found[at]
    if (numbered < 0).any():
        raise _unknown(column, int((numbered < 0).argmax()), reading)
    return torch.from_numpy(numbered), values


def _ordered(values: list[str]) -> list[str]:
    return sorted(values, key=int) if all(map(WHOLE.fullmatch, values)) else values


def _require_one_spelling(
    column: TableColumn, found: Array, at: Array, reading: ReadOptions
) -> None:
    seen: dict[Exact, str] = {}
    for index, cell in enumerate(found.tolist()):
        if not is_number(cell, reading.decimal):
            continue
        first = seen.setdefault(Exact(cell.replace(",", ".")), cell)
        if first != cell:
            raise column.error_at(
                int((at == index).argmax()),
                f"{cell!r} and {first!r} are one number, and would be two classes",
                "write them alike",
            )


def _require_different(name: str, values: Sequence[str]) -> None:
    if twice := [value for value in values if values.count(value) > 1]:
        raise DataError(
            f"duplicate value {twice[0]!r}",
            where=f"dataset_kwargs.categories.{name}",
            hint="name each once",
        )


def _unknown(column: TableColumn, row: int, reading: ReadOptions) -> DataError:
    cell = str(column.texts()[row])
    return column.error_at(
        row,
        f"{cell!r} is not among the values of dataset_kwargs.categories",
        f"type {reading.drop_override(cell)} to leave such rows out, or train a new run with "
        "dataset_kwargs.categories=null",
    )
