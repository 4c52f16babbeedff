"""Read text files of numbers without a header, line by line."""

from collections.abc import Iterator, Sequence
from math import nan
from pathlib import Path

import numpy as np

from stride.data.cells.column import TableRows
from stride.data.labels import Array
from stride.errors import DataError

MISSING = frozenset({"", "?", "nan", "na", "null"})  # in small letters
HINT = "write numbers with a point; a missing one is empty, NaN or ?"


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, and their numbers from 1.

    Raises:
        DataError: the text is not UTF-8, or holds nothing.
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except UnicodeError:
        raise DataError("the text is not in UTF-8", where=str(path)) from None
    kept = [(n, line.rstrip("\r")) for n, line in enumerate(lines, start=1) if line.strip()]
    if not kept:
        raise DataError("the file holds no lines", where=str(path))
    yield from kept


def parse_cells(cells: Sequence[str], where: str) -> list[float]:
    """Return the numbers in cells, NaN for what is missing.

    Raises:
        DataError: a cell is not a number.
    """
    try:
        if "_" not in "".join(cells):  # which Python reads, and no other program
            return [float(cell) for cell in cells]
    except ValueError:
        pass  # one is missing, or no number
    return [parse_cell(cell, where) for cell in cells]


def parse_cell(text: str, where: str, hint: str = HINT) -> float:
    """Return the number in a cell, NaN where it is missing.

    Raises:
        DataError: it is not a number.
    """
    cell = text.strip()
    if cell.lower() in MISSING:
        return nan
    try:
        return float(cell.replace("_", "x"))
    except ValueError:
        raise DataError(f"{cell!r} is not a number", where=where, hint=hint) from None


def table_of_numbers(path: Path, delimiter: str) -> tuple[Array, TableRows]:
    """Return the numbers of all lines, equally many in each (lines, cells), and their places.

    Raises:
        DataError: a cell is not a number, or a line has more or fewer than the first.
    """
    rows: list[list[float]] = []
    lines: list[int] = []
    for line, text in text_lines(path):
        row = parse_cells(text.split(delimiter), f"{path}, line {line}")
        if rows and len(row) != len(rows[0]):
            raise DataError(
                f"{len(row)} numbers, where line {lines[0]} has {len(rows[0])}",
                where=f"{path}, line {line}",
                hint="fix the line, or leave it out",
            )
        rows.append(row)
        lines.append(line)
    return np.array(rows), TableRows(path, "line", np.array(lines))
