"""Runs as CSV: a file of metrics for each, and a table of all."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from stride.config.nonfinite import encode_number
from stride.exchange.export.source import Source
from stride.exchange.export.target import Begin, Target
from stride.runs.listing.tables import sheet
from stride.visible import quoted, visible_cell


class CsvTarget(Target):
    """Write metrics/RUN.csv for each run, and runs.csv with what `stride ls --csv` prints.

    As RFC 4180 has it: lines end in CR LF, an empty cell is a value that was not recorded. A
    number is its shortest text that reads back as the same 64 bits.
    """

    name: ClassVar[str] = "csv"

    def write(self, sources: Sequence[Source], folder: Path, begin: Begin) -> None:
        """Write the files, UTF-8."""
        files = [f"metrics/{source.label}.csv" for source in sources]
        for source, file in zip(sources, files, strict=True):
            begin(source)
            columns = ("step", "epoch", "time", *source.names)
            rows = ([row.get(name) for name in columns] for row in source.rows())
            _write(folder / file, columns, rows)
        header, lines = sheet([source.row for source in sources])
        with_files = ([*line, file] for line, file in zip(lines, files, strict=True))
        _write(folder / "runs.csv", [*header, "file"], with_files)

    def look(self, folder: Path) -> str:
        """Return the table of runs."""
        return f"open {quoted(folder / 'runs.csv')}"


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.writer(file)
        writer.writerow(map(_cell, header))
        writer.writerows(map(_cell, row) for row in rows)


def _cell(value: Any) -> Any:
    """Return a value as it stands in the file, where no text is a formula of a spreadsheet."""
    told = encode_number(value) if isinstance(value, float) else value
    return visible_cell(told) if isinstance(told, str) else told
