"""Open table files, whose named columns are read on demand."""

import codecs
import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from stride.data.cells.column import Columns, TableColumn, TableRows, make_column, unreadable_column
from stride.data.files.array_files import pickled_error, require_one_length
from stride.data.labels import Array
from stride.errors import DataError, MissingExtra


@dataclass(frozen=True)
class TableFile:
    """An open table: the names of its columns, and a function that reads some of them."""

    names: tuple[str, ...]
    read: Callable[[Sequence[str]], Columns]


def open_table(path: Path, delimiter: str | None, encoding: str | None) -> TableFile:
    """Open a table by its file suffix; the last two arguments are for CSV files.

    Raises:
        DataError: an unknown ending, or a file that is not what its name says.
        MissingExtra: a Parquet file without pyarrow.
    """
    kind = path.suffix.lower()
    if kind in (".csv", ".tsv", ".txt"):
        return _csv(path, delimiter or ("\t" if kind == ".tsv" else ","), encoding or "utf-8")
    if kind not in (".parquet", ".pq", ".npz"):
        raise DataError(
            f"a table is a .csv, .tsv, .parquet or .npz file, not {path.name!r}",
            where="dataset_kwargs.path",
            hint="NPY and safetensors files are read by dataset_name=arrays",
        )
    for key, value in {"delimiter": delimiter, "encoding": encoding}.items():
        if value is not None:
            what = f"a {kind} file has no {key}"
            raise DataError(what, where=f"dataset_kwargs.{key}", hint=f"leave {key} out")
    return _npz(path) if kind == ".npz" else _parquet(path)


def _csv(path: Path, delimiter: str, encoding: str) -> TableFile:
    if len(delimiter) != 1:
        raise DataError(f"the delimiter {delimiter!r} is not one character", where=str(path))
    lines = io.StringIO(_decoded(path, encoding), newline="")
    try:
        # strict: a quote that is never closed would swallow the rows that follow
        rows, numbers = _csv_rows(csv.reader(lines, delimiter=delimiter, strict=True), path)
    except csv.Error as error:
        raise DataError(f"not CSV text: {error}", where=str(path)) from None
    header, *body = rows
    names = _named_once([name.strip() for name in header], path)
    columns = dict(zip(names, zip(*body, strict=True), strict=True))
    places = TableRows(path, "line", np.array(numbers[1:]))

    def read(wanted: Sequence[str]) -> Columns:
        cells = {name: np.array([cell.strip() for cell in columns[name]]) for name in wanted}
        return {name: make_column(name, array, places) for name, array in cells.items()}

    return TableFile(names, read)


def _decoded(path: Path, encoding: str) -> str:
    content = path.read_bytes()
    try:
        known = codecs.lookup(encoding).name
        text = content.decode("utf-8-sig" if known == "utf-8" else encoding)
    except LookupError:
        raise DataError(
            f"there is no encoding {encoding!r}",
            where="dataset_kwargs.encoding",
            hint="type one of: utf-8, latin-1, cp1252, utf-16, or another that Python knows",
        ) from None
    except UnicodeError as error:
        line = content[: getattr(error, "start", 0)].count(b"\n") + 1
        wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        raise DataError(
            f"the text is not in {encoding.upper()}",
            where=f"{path}, line {line}",
            hint="type the right one: dataset_kwargs.encoding="
            + ("utf-16" if wide else "latin-1, or cp1252"),
        ) from None
    if "\0" in text:
        hint = "type the right one: dataset_kwargs.encoding=utf-16"
        raise DataError(f"the text is not in {encoding.upper()}", where=str(path), hint=hint)
    return text


def _named_once(names: Sequence[str], path: Path) -> tuple[str, ...]:
    if repeated := [name for name in names if names.count(name) > 1]:
        raise DataError(
            f"duplicate column {repeated[0]!r}",
            where=str(path),
            hint="give each column a name of its own",
        )
    return tuple(names)


def _csv_rows(reader: Any, path: Path) -> tuple[list[list[str]], list[int]]:
    """Return the rows that are not blank, the header first, and the line where each begins."""
    rows: list[list[str]] = []
    numbers: list[int] = []
    begins = 1
    for row in reader:
        if row:
            if not rows:
                _require_delimited(row, path)
            elif len(row) != len(rows[0]):
                raise DataError(
                    f"line {begins} has {len(row)} cells, the header {len(rows[0])}",
                    where=str(path),
                    hint="give the right delimiter, or fix the line",
                )
            rows.append(row)
            numbers.append(begins)
        begins = reader.line_num + 1
    if len(rows) < 2:
        raise DataError("no rows below the header", where=str(path))
    return rows, numbers


def _require_delimited(header: list[str], path: Path) -> None:
    """Refuse a header of one cell that holds what usually separates cells."""
    for sign, typed in {";": "';'", "\t": "$'\\t'", "|": "'|'", ",": ","}.items():
        if len(header) == 1 and sign in header[0]:
            raise DataError(
                f"the header is one cell, {header[0]!r}",
                where=f"{path}, line 1",
                hint=f"type dataset_kwargs.delimiter={typed}",
            )


def _parquet(path: Path) -> TableFile:
    try:
        parquet = import_module("pyarrow.parquet")
    except ImportError:
        raise MissingExtra("pyarrow", "parquet", where=str(path)) from None

    def read(wanted: Sequence[str]) -> Columns:
        data = parquet.read_table(path, columns=list(dict.fromkeys(wanted)))
        places = TableRows(path, "row", np.arange(1, len(data) + 1))
        return {name: _parquet_column(data[name], name, places) for name in wanted}

    try:
        names = _named_once(parquet.read_schema(path).names, path)
    except (ValueError, OSError) as error:  # pyarrow's own errors are ValueErrors or OSErrors
        raise DataError(f"not a Parquet file: {error}".splitlines()[0], where=str(path)) from None
    return TableFile(names, read)


def _parquet_column(column: Any, name: str, rows: TableRows) -> TableColumn:
    """Return a column with what is null beside it: NumPy's whole numbers and bools have no null."""
    types = import_module("pyarrow").types
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if types.is_decimal(column.type):
        column = column.cast("int64" if column.type.scale <= 0 else "float64")
    kind = column.type
    absent = column.is_null().to_numpy()
    if types.is_null(kind):
        return make_column(name, np.zeros(len(column)), rows, absent)
    if types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind):
        empty: Any = False if types.is_boolean(kind) else 0
        return make_column(name, column.fill_null(empty).to_numpy(), rows, absent)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        cells = np.array(column.fill_null("").to_pylist(), dtype=np.str_)
        return make_column(name, cells, rows, absent)
    raise unreadable_column(name, str(kind), rows.path)


def _npz(path: Path) -> TableFile:
    def read(wanted: Sequence[str]) -> Columns:
        with np.load(path, allow_pickle=False) as file:
            columns = {name: _npz_column(file, name, path) for name in wanted}
        lengths = {name: len(column) for name, column in columns.items()}
        require_one_length(lengths, "columns", path)
        rows = TableRows(path, "row", np.arange(1, min(lengths.values()) + 1))
        return {name: make_column(name, column, rows) for name, column in columns.items()}

    try:
        with np.load(path, allow_pickle=False) as file:
            return TableFile(tuple(file.files), read)
    except (ValueError, OSError, AttributeError, zipfile.BadZipFile) as error:
        raise DataError(f"not an NPZ file: {error}", where=str(path)) from None


def _npz_column(file: Any, name: str, path: Path) -> Array:
    try:
        column: Array = file[name]
    except ValueError:
        raise pickled_error(name, path) from None
    if column.ndim != 1:
        raise DataError(
            f"the array {name!r} has shape {column.shape}, a column has one dimension",
            where=str(path),
            hint="read it by dataset_name=arrays",
        )
    return column
