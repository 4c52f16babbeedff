"""Read one long series from a CSV file with named columns, and cut it into windows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from stride.data.array_dataset import ArrayDataset
from stride.data.cells.column import TableColumn
from stride.data.cells.index_column import unnamed_columns
from stride.data.cells.numbers import parse_numbers, parse_truths
from stride.data.files.locate import locate
from stride.data.files.table_files import TableFile, open_table
from stride.data.labels import Array
from stride.data.series.missing import Missing
from stride.data.series.modifiers import Deviation, Modifiers, Odd, Points
from stride.data.series.parts import Share, training_part
from stride.data.series.samples import Preparation, Windows
from stride.data.series.series import LABELS, Series, check_labels
from stride.data.series.text_rows import HINT, parse_cell
from stride.data.split import Split
from stride.errors import DataError, nearest

Tested = Literal["rest", "whole"]
_TRAIN_PERCENT = 70


def csv_series(
    split: Split,
    path: str,
    columns: Sequence[str] | None = None,
    label: str | None = None,
    train_points: Points | None = None,
    tested: Tested = "rest",
    window: Points = 100,
    stride: Points = 10,
    val_share: Share = 0.2,
    missing: Missing = None,
    moving_average: Odd = 1,
    noise: Deviation = 0.0,
    noise_seed: int = 0,
    resample: Points | None = None,
    delimiter: str | None = None,
) -> ArrayDataset | None:
    """Read one series of a table, a row each point, cut into windows (channels, points).

    Args:
        split: train, val or test.
        path: a .csv, .tsv, .parquet or .npz file with named columns.
        columns: the channels; None: all columns but the label and an unnamed one.
        label: the column that is 1 at points of an anomaly and 0 elsewhere; None: no labels.
        train_points: points from the beginning to train and validate on; None: 70 of 100.
        tested: the points to test on: the "rest", or the "whole" series.
        window: points of a window.
        stride: points from the start of one window to that of the next.
        val_share: share of the training points, their end, to validate on.
        missing: "interpolate" or "zero" for numbers that are missing; None refuses them.
        moving_average: points that each becomes the mean of, an odd number; at the ends fewer.
        noise: deviation of normal noise added to each point, in units of the data.
        noise_seed: seed of that noise, which differs from split to split.
        resample: points that each window is given, on straight lines between those it had.
        delimiter: what separates the cells of a CSV file; None: a comma (a tab in .tsv).

    Raises:
        DataError: no such file or column, or a cell that cannot be read; names its line.
    """
    series = _read(locate(path, "path"), columns, label, delimiter)
    trained = _train_points(series, train_points)
    if split == "test":
        parts = [series.part(0 if tested == "whole" else trained, len(series))]
    else:
        parts = training_part(series.part(0, trained), split, val_share)
    modifiers = Modifiers(moving_average, noise, noise_seed, resample)
    cut = Windows(window, stride).cut
    return cut(parts, Preparation(split, missing, modifiers)) if parts else None


def _read(
    path: Path, columns: Sequence[str] | None, label: str | None, delimiter: str | None
) -> Series:
    file = open_table(path, delimiter, None)
    labels = [] if label is None else [label]
    chosen = _others(file, labels) if columns is None else list(columns)
    _check_names(file.names, {"columns": chosen, "label": labels})
    found = file.read([*chosen, *labels])
    first = found[chosen[0]]
    marked = {LABELS: check_labels(_floats(found[label]), first.rows)} if label else {}
    values = np.stack([_floats(found[name]) for name in chosen])
    return Series(values, first.rows, marked, tuple(f"column {name!r}" for name in chosen))


def _others(file: TableFile, labels: Sequence[str]) -> list[str]:
    """Return the columns that are no label, and have a name."""
    unnamed = unnamed_columns(file.names)
    return [name for name in file.names if name not in labels and name not in unnamed]


def _check_names(known: Sequence[str], given: dict[str, list[str]]) -> None:
    for key, names in given.items():
        for name in names:
            if name not in known:
                hint = nearest(name, known) or f"the columns are {', '.join(known)}"
                where = f"dataset_kwargs.{key}"
                raise DataError(f"no column {name!r}", where=where, hint=hint)
    if not given["columns"]:
        what, where = "no columns are left to be channels", "dataset_kwargs.columns"
        raise DataError(what, where=where, hint="name some")
    if shared := {*given["columns"]} & {*given["label"]}:
        what = f"column {min(shared)!r} is both a channel and the label"
        raise DataError(what, where="dataset_kwargs.columns", hint="take it out of the columns")


def _floats(column: TableColumn) -> Array:
    """Return the numbers of a column as float64, NaN where one is missing."""
    if not column.is_text:
        return np.where(column.absent, np.nan, column.cells.astype(np.float64))
    values = parse_numbers(column.cells, ".")
    if values is None:
        values = parse_truths(column.cells)
    if values is not None:
        return values
    hint = f"{HINT}; or name the channels in dataset_kwargs.columns"
    cells = enumerate(column.cells.tolist())
    return np.array([parse_cell(cell, column.place(row), hint) for row, cell in cells])


def _train_points(series: Series, given: int | None) -> int:
    """Return how many points are trained and validated on.

    Raises:
        DataError: more than there are.
    """
    points = len(series) * _TRAIN_PERCENT // 100 if given is None else given
    if points > len(series):
        what = f"{points:,} points to train on, where {series.rows.path} has {len(series):,}"
        hint = f"type train_points={len(series)}, or fewer"
        raise DataError(what, where="dataset_kwargs.train_points", hint=hint)
    return points
