"""Write predictions as .npz, .csv or .parquet: whole or not at all, some rows at a time."""

import csv
import os
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np

from stride.errors import DataError, MissingExtra, UserError
from stride.runs.files.whole_file import whole_file
from stride.trainer.predict.predictions import Array, Arrays

ENDINGS = (".npz", ".csv", ".parquet")
ROWS = 4096  # of a table that are turned into cells at a time


def require_writable(path: Path, *, force: bool) -> None:
    """Refuse, before anything is computed, a file that could not be written.

    Args:
        path: the file.
        force: whether one that is there is replaced.

    Raises:
        UserError: another ending, a file that is there, or no folder for it.
        MissingExtra: a Parquet file without pyarrow.
    """
    if path.suffix not in ENDINGS:
        what = f"predictions are no {path.suffix or 'file without an ending'}: {path.name}"
        raise UserError(what, where="--out", hint=f"end it in one of: {', '.join(ENDINGS)}")
    if os.path.lexists(path) and not force:
        what = f"{path} is there already"
        raise UserError(what, where="--out", hint="type another name, or --force to replace it")
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {path.parent}", where="--out", hint="make it first")
    if path.suffix == ".parquet" and find_spec("pyarrow") is None:
        raise MissingExtra("pyarrow", "parquet", where=str(path))


def write_predictions(path: Path, arrays: Arrays) -> None:
    """Write arrays of equal length: as they are in .npz, else as columns of numbers.

    An array of more than one number a sample has a column for each, as `outputs.0`, `outputs.1`.

    Raises:
        StrideError: the file cannot be written.
        DataError: complex numbers for a table.
    """
    writers = {".npz": _npz, ".csv": _csv, ".parquet": _parquet}
    with whole_file(path) as temporary:
        writers[path.suffix](temporary, arrays)


def _npz(path: Path, arrays: Arrays) -> None:
    with ZipFile(path, "x") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)


def _csv(path: Path, arrays: Arrays) -> None:
    with path.open("x", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, columns in enumerate(_tables(arrays)):
            if number == 0:
                writer.writerow(columns)
            # As text NumPy gives a number the fewest digits that tell it from any other.
            writer.writerows(zip(*(column.astype(str) for column in columns.values()), strict=True))


def _parquet(path: Path, arrays: Arrays) -> None:
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    tables = (arrow.table(columns) for columns in _tables(arrays))
    first = next(tables)
    with parquet.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


def _tables(arrays: Arrays) -> Iterator[dict[str, Array]]:
    """Yield the columns of some rows at a time; without rows, once."""
    wrong = [name for name, array in arrays.items() if np.iscomplexobj(array)]
    if wrong:
        raise DataError(f"{wrong[0]} are complex numbers", where="--out", hint="write .npz")
    length = max((len(array) for array in arrays.values()), default=0)
    for start in range(0, max(length, 1), ROWS):
        parts = {name: array[start : start + ROWS] for name, array in arrays.items()}
        yield dict(column for name, part in parts.items() for column in _columns(name, part))


def _columns(name: str, rows: Array) -> Iterator[tuple[str, Any]]:
    for place in np.ndindex(rows.shape[1:]):
        yield ".".join((name, *map(str, place))), np.ascontiguousarray(rows[:, *place])
