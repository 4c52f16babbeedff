"""Show the settings in which the runs of a report differ, and those that they have in common."""

from collections.abc import Iterator
from typing import Any

from stride.pages.page import panel
from stride.report.contents import Contents
from stride.report.counts import counted, shortened
from stride.runs.compare import ABSENT
from stride.tables.table import Column, Table
from stride.tables.words import setting


def settings(contents: Contents) -> Iterator[str]:
    """Yield a table of each kind that there is; of those in common what somebody has set."""
    texts = {key: [*map(_text, values)] for key, values in contents.differences.items()}
    rows = [[key, len({*some}), ", ".join(counted(some))] for key, some in texts.items()]
    if rows:
        titles = Column("setting", str), Column("values", numeric=True), Column("value (runs)", str)
        yield "<h3>In which runs differ</h3>"
        yield panel(Table(titles, rows), "settings that differ", sortable=True)
    if shared := [[key, shortened(_text(one))] for key, one in contents.shared.items()]:
        yield "<h3>In common, beside the defaults</h3>"
        columns = [Column("setting", str), Column("value", str)]
        yield panel(Table(columns, shared), "settings in common", sortable=True)


def _text(value: Any) -> str:
    return "none" if value is ABSENT else setting(value)
