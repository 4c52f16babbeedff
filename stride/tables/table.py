"""Hold a table: what its columns are called and how they show their values."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from stride.tables.words import number, setting

NOTHING = "-"
"""What stands where there is no value."""


class Column(NamedTuple):
    """Describe one column.

    Attributes:
        title: what stands above it.
        show: value -> text, of values that are there.
        numeric: whether its cells are aligned at the decimal point.
        long: whether its cells may be cut on a narrow terminal; numbers and names never are.
        wraps: whether its cells go on in further lines there, instead of being cut.
    """

    title: str
    show: Callable[[Any], str] = setting
    numeric: bool = False
    long: bool = False
    wraps: bool = False


def numbers(title: str) -> Column:
    """Return a column of numbers with four significant digits."""
    return Column(title, number, numeric=True)


class Table(NamedTuple):
    """Hold columns and rows of plain values; the first columns name the row.

    Attributes:
        columns: of the table.
        rows: one value for each column; None where there is none.
        above: sentences that hold for all rows.
        bold: indices of the rows that stand out in print.
        names: how many columns it takes to name a row.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    above: Sequence[str] = ()
    bold: frozenset[int] = frozenset()
    names: int = 1

    @property
    def titles(self) -> list[str]:
        """Return the titles of the columns."""
        return [column.title for column in self.columns]

    def cells(self) -> list[list[str]]:
        """Return the rows as texts."""
        return [
            [
                NOTHING if value is None else column.show(value)
                for column, value in zip(self.columns, row, strict=True)
            ]
            for row in self.rows
        ]

    def without_empty(self) -> "Table":
        """Return the table without the columns in which no row has a value, but those of names."""
        kept = [
            at
            for at in range(len(self.columns))
            if at < self.names or any(row[at] is not None for row in self.rows)
        ]
        rows = [[row[at] for at in kept] for row in self.rows]
        return self._replace(columns=[self.columns[at] for at in kept], rows=rows)
