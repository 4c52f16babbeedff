"""Keep an unnamed index column from becoming a feature."""

import re
from collections.abc import Sequence

import numpy as np

from stride.data.cells.column import Columns, TableColumn
from stride.data.cells.column_type import WHOLE
from stride.errors import DataError

_UNNAMED = re.compile(r"(Unnamed: \d+(\.\d+)*|__index_level_\d+__)?")


def unnamed_columns(names: Sequence[str]) -> list[str]:
    """Return the names that stand for none: empty, or made up by pandas."""
    return [name for name in names if _UNNAMED.fullmatch(name)]


def require_index(columns: Columns) -> list[str]:
    """Return what to say of unnamed columns: they number the rows, and are left out.

    Raises:
        DataError: one that does something else: whether it is a feature, only the user knows.
    """
    notes = []
    for name, column in columns.items():
        if not _numbers_rows(column):
            raise DataError(
                f"the column {name!r} has no name, and does not number the rows",
                where=str(column.rows.path),
                hint="give it a name in the file, or list the columns in dataset_kwargs.features",
            )
        notes.append(
            f"{column.rows.path}: the unnamed column {name!r} numbers the rows, and is not a "
            "feature; dataset_kwargs.features decides"
        )
    return notes


def _numbers_rows(column: TableColumn) -> bool:
    """Tell whether all cells are whole numbers, each there once, in whatever order."""
    if column.is_text and not all(map(WHOLE.fullmatch, column.cells.tolist())):
        return False
    whole = column.is_text or column.cells.dtype.kind in "iu"
    return whole and not column.absent.any() and len(np.unique(column.cells)) == len(column)
