"""Turn a column of numbers, stored or written, into float32."""

import numpy as np
import torch
from torch import Tensor

from stride.data.cells.column import TableColumn
from stride.data.cells.numbers import is_number, parse_numbers, parse_truths
from stride.data.cells.read_options import ReadOptions
from stride.errors import DataError

_LOOKED_AT = 1000  # cells of a column that is not a number, to tell what the others are


def to_floats(column: TableColumn, reading: ReadOptions, otherwise: str) -> Tensor:
    """Return a column as float32; `True` and `False`, stored or written, as 1 and 0.

    Args:
        column: without absent cells.
        reading: how cells are read.
        otherwise: what to type where the column is meant another way.

    Raises:
        DataError: a cell is not a number, infinite, or beyond float32; names it.
    """
    values = parse_numbers(column.cells, reading.decimal) if column.is_text else column.cells
    if values is None:
        values = parse_truths(column.cells)
    if values is None:
        raise _no_number(column, reading, otherwise)
    with np.errstate(over="ignore"):  # reported below, by its cell
        floats = values.astype(np.float32)
    if not (finite := np.isfinite(floats)).all():
        row = int(finite.argmin())
        what = f"{column.texts()[row]} is infinite, or too large for float32"
        raise column.error_at(row, what, "use another unit, or leave the column out")
    return torch.from_numpy(floats)


def _no_number(column: TableColumn, reading: ReadOptions, otherwise: str) -> DataError:
    cells = column.cells.tolist()
    row = next(row for row, cell in enumerate(cells) if not is_number(cell, reading.decimal))
    numbers = [is_number(cell, reading.decimal) for cell in cells[:_LOOKED_AT]]
    advice = reading.advice(cells[row], otherwise, among_numbers=2 * sum(numbers) >= len(numbers))
    return column.error_at(row, f"{cells[row]!r} is not a number", advice)
