"""Tell numbers from classes by how the cells are written, or refuse where that is not clear."""

import re
from typing import Literal

import numpy as np

from stride.data.cells.column import TableColumn
from stride.data.cells.numbers import is_number, looks_like_number, parse_numbers
from stride.data.cells.read_options import MARKERS, ReadOptions
from stride.data.labels import Array
from stride.errors import DataError

WHOLE = re.compile(r"0|-?[1-9][0-9]*")
"""A whole number as a program writes it: nothing is lost by reading it as one."""

Sort = Literal["whole", "number", "text"]
_FEW = 20  # different texts may always be classes, however few rows there are


def column_type(column: TableColumn, reading: ReadOptions, otherwise: str) -> Sort:
    """Return what a column without absent cells holds: whole numbers, numbers or texts.

    Args:
        column: the column.
        reading: how cells are read.
        otherwise: what to type where the column is meant another way.

    Raises:
        DataError: neither is clear; names the first cell that speaks against it.
    """
    if not column.is_text:
        return "number" if column.cells.dtype.kind == "f" else "whole"
    found, at = np.unique(column.cells, return_inverse=True)
    if all(map(WHOLE.fullmatch, found.tolist())):
        return "whole"
    values = parse_numbers(found, reading.decimal)
    if values is not None:
        _require_one_writing(column, values[at])
        return "number"
    numbers = np.array([is_number(cell, reading.decimal) for cell in found.tolist()])
    doubts = np.array([looks_like_number(cell) or cell in MARKERS for cell in found.tolist()])
    if numbers.any() or doubts.any():
        raise _neither(column, reading, numbers[at], doubts[at], otherwise)
    if len(found) > max(_FEW, len(column) / 2):
        what = f"{len(found):,} different texts in {len(column):,} rows are names, not classes"
        raise column.error_at(0, what, otherwise)
    return "text"


def _require_one_writing(column: TableColumn, values: Array) -> None:
    """Refuse whole values that are written with a decimal sign here and without one there."""
    digits = np.array([cell.lstrip("+-").isdigit() for cell in column.cells.tolist()])
    if not digits.any() or (values % 1 != 0).any():
        return
    row = int(np.argmax(~digits if not digits.all() else _padded(column)))
    cell = str(column.cells[row])
    raise column.error_at(
        row,
        f"{cell!r} may be a number or the name of a class",
        "type dataset_kwargs.target_kind=float or dataset_kwargs.target_kind=class",
    )


def _padded(column: TableColumn) -> Array:
    return np.array([WHOLE.fullmatch(cell) is None for cell in column.cells.tolist()])


def _neither(
    column: TableColumn, reading: ReadOptions, numbers: Array, doubts: Array, otherwise: str
) -> DataError:
    """Return the error that names the first cell of the sort of which there are fewer."""
    odd = doubts & ~numbers
    if numbers.mean() >= 0.5:
        odd = ~numbers
    elif not odd.any():
        odd = numbers
    row = int(odd.argmax())
    cell = str(column.cells[row])
    if numbers[row]:
        what = f"{cell!r} is a number among texts"
        return column.error_at(row, what, otherwise)
    what = f"{cell!r} is not a number" + (" like the others" if numbers.any() else "")
    if not numbers.any() and cell in MARKERS:
        what = f"{cell!r} is what is written for a missing value"
    return column.error_at(
        row, what, reading.advice(cell, otherwise, among_numbers=bool(numbers.any()))
    )
