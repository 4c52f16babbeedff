"""Open the file formats of tables: named columns, read when they are asked for."""

import csv
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from stride.data.labels import Array
from stride.errors import DataError, MissingExtra


@dataclass(frozen=True)
class TableFile:
    """A table that is open: the names of its columns, and a way to read some of them."""

    names: tuple[str, ...]
    read: Callable[[Sequence[str]], dict[str, Array]]


def open_table(path: Path, delimiter: str | None) -> TableFile:
    """Open a table by the ending of its name.

    Raises:
        DataError: An unknown ending, or a file that is not what its name says.
        MissingExtra: A Parquet file without pyarrow.
    """
    kind = path.suffix.lower()
    if kind in (".csv", ".tsv", ".txt"):
        return _csv(path, delimiter or ("\t" if kind == ".tsv" else ","))
    if kind in (".parquet", ".pq"):
        return _parquet(path)
    if kind == ".npz":
        return _npz(path)
    raise DataError(
        f"a table is a .csv, .tsv, .parquet or .npz file, not {path.name!r}",
        where="dataset_kwargs.path",
        hint="NPY and safetensors files are read by dataset_name=arrays",
    )


def _csv(path: Path, delimiter: str) -> TableFile:
    if len(delimiter) != 1:
        raise DataError(f"the delimiter {delimiter!r} is not one character", where=str(path))
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *body = _csv_rows(csv.reader(file, delimiter=delimiter), path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"no CSV text in UTF-8: {error}", where=str(path)) from None
    names = tuple(name.strip() for name in header)
    if repeated := [name for name in names if names.count(name) > 1]:
        raise DataError(f"the column {repeated[0]!r} is there twice", where=str(path))
    columns = dict(zip(names, zip(*body, strict=True), strict=True))
    return TableFile(names, lambda wanted: {name: _cells(columns[name]) for name in wanted})


def _csv_rows(reader: Any, path: Path) -> list[list[str]]:
    """Return the rows that are not blank, the header first, all of one length."""
    rows: list[list[str]] = []
    for row in reader:
        if not row:
            continue
        if rows and len(row) != len(rows[0]):
            raise DataError(
                f"line {reader.line_num} has {len(row)} cells, the header {len(rows[0])}",
                where=str(path),
                hint="give the right delimiter, or mend the line",
            )
        rows.append(row)
    if len(rows) < 2:
        raise DataError("no rows below the header", where=str(path))
    return rows


def _cells(cells: Sequence[str]) -> Array:
    return np.array([cell.strip() for cell in cells])


def _parquet(path: Path) -> TableFile:
    try:
        parquet = import_module("pyarrow.parquet")
    except ImportError:
        raise MissingExtra("pyarrow", "parquet", where=str(path)) from None

    def read(wanted: Sequence[str]) -> dict[str, Array]:
        columns = parquet.read_table(path, columns=list(dict.fromkeys(wanted)))
        return {name: columns[name].to_numpy() for name in wanted}

    try:
        names = tuple(parquet.read_schema(path).names)
    except (ValueError, OSError) as error:  # pyarrow's own errors are ValueErrors or OSErrors
        raise DataError(f"no Parquet file: {error}".splitlines()[0], where=str(path)) from None
    return TableFile(names, read)


def _npz(path: Path) -> TableFile:
    def read(wanted: Sequence[str]) -> dict[str, Array]:
        with np.load(path, allow_pickle=False) as file:
            columns = {name: _npz_column(file, name, path) for name in wanted}
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise DataError(f"the columns differ in length: {listed}", where=str(path))
        return columns

    try:
        with np.load(path, allow_pickle=False) as file:
            return TableFile(tuple(file.files), read)
    except (ValueError, OSError, AttributeError, zipfile.BadZipFile) as error:
        raise DataError(f"no NPZ file: {error}", where=str(path)) from None


def _npz_column(file: Any, name: str, path: Path) -> Array:
    try:
        column: Array = file[name]
    except ValueError:
        raise DataError(
            f"the array {name!r} is pickled, and pickles are never read",
            where=str(path),
            hint="store numbers or text of a fixed width",
        ) from None
    if column.ndim != 1:
        raise DataError(
            f"the array {name!r} has shape {column.shape}, a column has one dimension",
            where=str(path),
            hint="read it by dataset_name=arrays",
        )
    return column
