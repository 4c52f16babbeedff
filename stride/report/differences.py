"""Show in which settings the runs of a report differ, and which values each has."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from stride.pages.page import panel
from stride.report.contents import Contents
from stride.runs.compare import ABSENT
from stride.tables.table import Column, Table
from stride.tables.words import setting

_MOST = 8  # values that are told of one setting


def differences(contents: Contents) -> Iterator[str]:
    """Yield a table of the settings in which runs differ."""
    config = contents.differences
    columns = [Column("setting", str), Column("values", numeric=True), Column("value (runs)", str)]
    rows = [[key, len({*map(_text, values)}), _counted(values)] for key, values in config.items()]
    if rows:
        yield panel(Table(columns, rows), "settings that differ", sortable=True)
    elif len(contents.runs) > 1:
        yield "<p>All runs have the same settings.</p>"


def _counted(values: Sequence[Any]) -> str:
    """Return the values, the most frequent first, each with how many runs have it."""
    counts = Counter(map(_text, values)).most_common()
    shown = [f"{text} ({count})" for text, count in counts[:_MOST]]
    return ", ".join([*shown, *([f"{len(counts) - _MOST} more"] if len(counts) > _MOST else [])])


def _text(value: Any) -> str:
    return "none" if value is ABSENT else setting(value)
