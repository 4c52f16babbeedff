"""A column of a table as stored in its file, with the place of each cell."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stride.data.labels import Array
from stride.errors import DataError


@dataclass(frozen=True)
class TableRows:
    """The places of a table's rows in its file.

    Attributes:
        path: the file.
        unit: "line" of a text, or "row", where the format has no lines.
        numbers: the number of each row, counted from 1 (N,).
    """

    path: Path
    unit: str
    numbers: Array

    def place(self, row: int) -> str:
        """Return the file and line of a row, for messages."""
        return f"{self.path}, {self.unit} {self.numbers[row]}"


@dataclass(frozen=True)
class TableColumn:
    """A column: its cells in the order of the rows.

    Attributes:
        name: what the file calls it.
        cells: text, numbers or bools, as they are stored (N,).
        absent: whether there is nothing: an empty cell, a null or a NaN (N,).
        rows: where the cells stand.
    """

    name: str
    cells: Array
    absent: Array
    rows: TableRows

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def is_text(self) -> bool:
        """Tell whether the cells are text, which may still be numbers."""
        return bool(self.cells.dtype.kind == "U")

    def texts(self) -> Array:
        """Return the cells as text: whole numbers and bools as digits."""
        if self.is_text:
            return self.cells
        cells = self.cells.astype(np.int64) if self.cells.dtype.kind == "b" else self.cells
        return np.array([str(cell) for cell in cells.tolist()])

    def select(self, kept: Array) -> "TableColumn":
        """Return the column of the rows that a mask keeps."""
        rows = replace(self.rows, numbers=self.rows.numbers[kept])
        return TableColumn(self.name, self.cells[kept], self.absent[kept], rows)

    def place(self, row: int) -> str:
        """Return the file, line and column of a cell, for messages."""
        return f"{self.rows.place(row)}, column {self.name!r}"

    def error_at(self, row: int, what: str, hint: str) -> DataError:
        """Return the error that names one cell as the reason."""
        return DataError(what, where=self.place(row), hint=hint)


Columns = Mapping[str, TableColumn]


def make_column(
    name: str, cells: Array, rows: TableRows, absent: Array | None = None
) -> TableColumn:
    """Make a column of stored values; empty texts and NaN count as absent.

    Raises:
        DataError: they are neither numbers nor text.
    """
    kind = cells.dtype.kind
    if kind == "S":
        cells = np.char.decode(cells, "utf-8")
    elif kind not in "Ubiuf":
        raise unreadable_column(name, str(cells.dtype), rows.path)
    if absent is None:
        absent = np.zeros(len(cells), dtype=bool)
    if kind == "f":
        absent = absent | np.isnan(cells)
    elif kind in "US":
        absent = absent | (cells == "")
    return TableColumn(name, cells, absent, rows)


def unreadable_column(name: str, kind: str, path: Path) -> DataError:
    """Return the error for a column of times, lists and whatever else is not a single number."""
    return DataError(
        f"it holds {kind}, which are neither numbers nor text",
        where=f"{path}, column {name!r}",
        hint="turn it into numbers (days or seconds, for times), or leave it out of "
        "dataset_kwargs.features",
    )
