"""A CSV file of a run that grows row by row."""

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stride.config.nonfinite import encode_number
from stride.loggers.base import Row
from stride.runs.files.atomic import atomic_open
from stride.runs.files.durable import append_all, os_errors_as
from stride.runs.files.safe_open import reading
from stride.runs.layout import RunPaths
from stride.runs.ownership.ownership import staging_and_check
from stride.visible import visible_cell


class CsvTable:
    """Write rows as lines of a file, in the columns in which their names first appeared.

    Lines are appended. Only a name that was not there before rewrites the file, with one more
    column, in one move.

    Args:
        paths: the run, which this process writes.
        file: of the run.
        rows: that it begins with, whatever was there.

    Raises:
        LostRun: another process writes the run.
    """

    def __init__(self, paths: RunPaths, file: Path, rows: Iterable[Row]) -> None:
        self._path = file
        self._through, self._check = staging_and_check(paths)
        self._descriptor = -1
        self._columns: list[str] = []
        self._rewrite(rows)

    def append(self, row: Row) -> None:
        """Append a row; on an error no part of it stays."""
        shared = os.fstat(self._descriptor).st_nlink > 1  # cp -al: the copy stays as it is
        if shared or any(name not in self._columns for name in row):
            self._rewrite([*self._written(), row])
        else:
            with os_errors_as("cannot write", self._path):
                append_all(self._descriptor, self._lines([row]))

    def close(self) -> None:
        """Make the file durable and close it."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.fsync(descriptor)
            os.close(descriptor)

    def _written(self) -> list[Row]:
        with io.TextIOWrapper(reading(self._path), newline="", encoding="utf-8") as file:
            lines = list(csv.reader(file))[1:]  # names in the header may not be the metrics' own
        named = (zip(self._columns, line, strict=True) for line in lines)
        return [{name: cell for name, cell in row if cell != ""} for row in named]

    def _rewrite(self, rows: Iterable[Row]) -> None:
        rows = list(rows)
        self.close()
        self._columns = list(
            dict.fromkeys([*self._columns, *(name for row in rows for name in row)])
        )
        header = self._lines([{name: name for name in self._columns}]) if self._columns else b""
        content = header + self._lines(rows)
        self._descriptor = atomic_open(
            self._path, content, through=self._through, before_rename=self._check
        )

    def _lines(self, rows: Iterable[Row]) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(
            [_cell(row.get(name, "")) for name in self._columns] for row in rows
        )
        return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """Return a value as it stands in the file, where no text is a formula of a spreadsheet."""
    told = encode_number(value) if isinstance(value, float) else value
    return visible_cell(told) if isinstance(told, str) else told
