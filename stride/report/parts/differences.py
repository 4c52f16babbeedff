"""Show in which settings the runs of a report differ, and which values each has."""

from collections.abc import Iterator
from typing import Any

from stride.pages.page import panel
from stride.report.contents import Contents
from stride.report.counts import counted
from stride.runs.compare import ABSENT
from stride.tables.table import Column, Table
from stride.tables.words import setting


def differences(contents: Contents) -> Iterator[str]:
    """Yield a table of the settings in which runs differ."""
    config = contents.differences
    columns = [Column("setting", str), Column("values", numeric=True), Column("value (runs)", str)]
    texts = {key: [*map(_text, values)] for key, values in config.items()}
    rows = [[key, len({*some}), ", ".join(counted(some))] for key, some in texts.items()]
    if rows:
        yield panel(Table(columns, rows), "settings that differ", sortable=True)
    elif len(contents.runs) > 1:
        yield "<p>All runs have the same settings.</p>"


def _text(value: Any) -> str:
    return "none" if value is ABSENT else setting(value)
