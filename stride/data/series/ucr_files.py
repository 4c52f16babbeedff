"""Read the two formats of the UCR and UEA archives: tab-separated lines, and .ts.

Format of .ts: A. Bagnall et al., "The UEA multivariate time series classification archive, 2018",
arXiv:1811.00075, and the loaders of aeon.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from stride.data.cells.column import TableRows
from stride.data.series.series import Series
from stride.data.series.text_rows import parse_cells, text_lines
from stride.errors import DataError

ENDINGS = (".ts", ".tsv")

Labelled = tuple[Series, str]


def read_ucr(path: Path) -> list[Labelled]:
    """Return the series of a file and their classes; each line is one.

    Raises:
        DataError: a line that cannot be read so.
    """
    found = [*(_ts_lines(path) if path.suffix == ".ts" else _tsv_lines(path))]
    if not found:
        raise DataError("the file holds no series", where=str(path))
    return [
        (_series(channels, path, line, number), _class_name(label))
        for number, (line, label, channels) in enumerate(found)
    ]


def _series(channels: list[list[float]], path: Path, line: int, number: int) -> Series:
    if len({len(one) for one in channels}) > 1:
        raise DataError(
            f"channels of {', '.join(str(len(one)) for one in channels)} points",
            where=f"{path}, line {line}",
            hint="give all channels of a series equally many",
        )
    values = np.array(channels, dtype=np.float64)
    rows = TableRows(path, "line", np.full(values.shape[1], line))
    return Series(values, rows, number=number)


def _class_name(label: str) -> str:
    """Return the text of a class; whole numbers as such, however they are written."""
    text = label.strip()
    try:
        value = float(text)
    except ValueError:
        return text
    return str(int(value)) if value.is_integer() else text


Line = tuple[int, str, list[list[float]]]


def _tsv_lines(path: Path) -> Iterator[Line]:
    for line, text in text_lines(path):
        label, *cells = text.split("\t")
        if not cells:
            raise DataError(
                "one cell, where a class and the numbers of a series belong, with tabs between",
                where=f"{path}, line {line}",
            )
        yield line, label, [parse_cells(cells, f"{path}, line {line}")]


def _ts_lines(path: Path) -> Iterator[Line]:
    header: dict[str, str] = {}
    for line, text in text_lines(path):
        if "@data" in header:
            yield _ts_line(path, line, text, _has_labels(header))
        elif text.startswith("@"):
            name, _, value = text.partition(" ")
            header[name.lower()] = value.strip().lower()
            _require_no_times(header, path, line)
        elif not text.startswith(("#", "%")):
            raise DataError("numbers above the line @data", where=f"{path}, line {line}")


def _has_labels(header: dict[str, str]) -> bool:
    """Tell whether a class, or the number of a regression, stands behind each series."""
    return any(header.get(key, "").startswith("true") for key in ("@classlabel", "@targetlabel"))


def _require_no_times(header: dict[str, str], path: Path, line: int) -> None:
    if header.get("@timestamps", "").startswith("true"):
        what, hint = "points with times of their own are not read", "store the numbers alone"
        raise DataError(what, where=f"{path}, line {line}", hint=hint)


def _ts_line(path: Path, line: int, text: str, labelled: bool) -> Line:
    channels = text.split(":")
    label, where = channels.pop() if labelled else "", f"{path}, line {line}"
    if not channels:
        raise DataError("no ':' with a class behind it", where=where)
    return line, label, [parse_cells(one.split(","), where) for one in channels]
