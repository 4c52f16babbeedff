"""Read the folders of Lightning's CSV logger: metrics.csv, and hparams.yaml where there is one."""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from stride.errors import RunError
from stride.exchange.imports.hparams_yaml import read_hparams
from stride.exchange.imports.source import STEP, Place, SourceRun, Tell, Value
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import reading

METRICS, HPARAMS = "metrics.csv", "hparams.yaml"
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,299}")
_LONGEST = 2**20  # bytes of a line


def read_lightning(place: Place) -> SourceRun:
    """Read the folder of one version.

    The file has no times: each row gets that at which it was written for the last time.

    Raises:
        RunError: a file cannot be read, or is not what the logger writes.
        MissingExtra: there is a hparams.yaml, and ruamel.yaml is not installed.
    """
    found = SourceRun()
    for path in place.files:
        if path.name == HPARAMS:
            found.hyperparameters = read_hparams(path, found.tell)
    metrics = next(path for path in place.files if path.name == METRICS)
    found.ended = metrics.stat().st_mtime
    found.created = min(path.stat().st_mtime for path in place.files)
    skipped = {"rows that are cut off, or without a step": 0, "cells that are not numbers": 0}
    torn, texts = skipped
    for row in _rows(metrics, found.tell):
        step = _number(row.get(STEP, ""))
        skipped[torn] += not isinstance(step, int)
        numbers = {name: _number(cell) for name, cell in row.items() if cell and name != STEP}
        skipped[texts] += [*numbers.values()].count(None)
        found.values += [
            Value(step, found.ended, name, number)
            for name, number in numbers.items()
            if number is not None and isinstance(step, int)
        ]
    for what, count in skipped.items():
        if count:
            found.tell(f"{metrics.name}: {what}: {count:,}")
    return found


def is_lightning(path: Path) -> bool:
    """Tell whether a metrics.csv is one of Lightning's: it has a column for the steps."""
    try:
        return STEP in next(_table(path, lambda _: None), ())
    except RunError:
        return False


def _rows(path: Path, tell: Tell) -> Iterator[Mapping[str, str]]:
    """Yield the cells of each row by their column; none of a row that has more or fewer."""
    table = _table(path, tell)
    header = next(table, [])
    if STEP not in header or len({*header}) < len(header):
        raise RunError(f"{path.name} is not one of Lightning's CSV logger", where=str(path))
    for cells in filter(None, table):
        yield dict(zip(header, cells, strict=True)) if len(cells) == len(header) else {}


def _table(path: Path, tell: Tell) -> Iterator[list[str]]:
    with os_errors_as("cannot read", path, RunError), reading(path) as file:
        try:
            yield from csv.reader(_lines(file, tell), strict=True)
        except (csv.Error, UnicodeDecodeError) as error:
            raise RunError(f"{path.name} is not a table: {error}", where=str(path)) from None


def _lines(file: BinaryIO, tell: Tell) -> Iterator[str]:
    while line := file.readline(_LONGEST):
        if not line.endswith(b"\n"):
            tell(f"{METRICS}: its last line is cut off")
            return
        yield line.decode("utf-8")


def _number(cell: str) -> int | float | None:
    """Return the number that a cell is, None for anything else."""
    if _WHOLE.fullmatch(cell):
        return int(cell)
    try:
        return float(cell) if "_" not in cell else None
    except ValueError:
        return None
