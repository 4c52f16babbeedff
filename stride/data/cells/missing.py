"""Find missing cells, and drop their rows where the user says so."""

from collections.abc import Sequence

import numpy as np

from stride.data.cells.column import Columns, TableColumn
from stride.data.cells.numbers import is_number
from stride.data.labels import Array
from stride.errors import DataError


def drop_missing(columns: Columns, markers: Sequence[str] | None, notes: list[str]) -> Columns:
    """Return the columns without the rows in which one of them misses a value.

    Args:
        columns: those that are used, all of one length.
        markers: what stands for a missing value beside an empty cell; None: no value may miss.
        notes: for the log; how many rows are left out is added.

    Raises:
        DataError: a value misses and nobody said that it may, or no row is left.
    """
    gone = {name: _missing(column, markers or ()) for name, column in columns.items()}
    if markers is None:
        for name, absent in gone.items():
            if absent.any():
                hint = "fill it in, or type dataset_kwargs.missing=[] to leave such rows out"
                raise columns[name].error_at(int(absent.argmax()), "the value is missing", hint)
        return columns
    kept = ~np.logical_or.reduce(list(gone.values()))
    counts = {name: int(absent.sum()) for name, absent in gone.items() if absent.any()}
    if kept.all():
        return columns
    listed = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    path = next(iter(columns.values())).rows.path
    if not kept.any():
        raise DataError(
            f"a value is missing in every row: {listed}",
            where=str(path),
            hint="leave such columns out of dataset_kwargs.features",
        )
    left_out = f"{int((~kept).sum()):,} of {len(kept):,} rows are left out"
    notes.append(f"{path}: {left_out}, in which a value is missing: {listed}")
    return {name: column.select(kept) for name, column in columns.items()}


def _missing(column: TableColumn, markers: Sequence[str]) -> Array:
    if column.is_text:
        return column.absent | np.isin(column.cells, list(markers))
    numbers = [float(marker) for marker in markers if is_number(marker, ".")]
    return column.absent | np.isin(column.cells, numbers)
