"""Show all runs of a report in one table, with the settings in which they differ."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stride.pages.page import panel
from stride.report.contents import Contents
from stride.report.counts import shortened
from stride.runs.compare import ABSENT
from stride.runs.deciding.settings import short_names
from stride.runs.listing.tables import side_by_side
from stride.runs.tags.tags_json import known_tags, shown_tags
from stride.tables.table import Column, Table
from stride.tables.words import duration, moment, number, setting

_MOST = 8  # settings that have a column


def runs(contents: Contents) -> Iterator[str]:
    """Yield the table of the runs."""
    config = contents.differences
    shown = {key: config[key] for key in [*config][:_MOST]}
    yield panel(_table(contents, shown), "all runs", sortable=True)
    if len(config) > _MOST:
        link = '<a href="#settings">Settings</a>'
        yield f'<p class="soft">{len(config) - _MOST} more settings differ: see {link}.</p>'


def _table(contents: Contents, config: Mapping[str, Sequence[Any]]) -> Table:
    rows, short = contents.rows, short_names(config, _known(contents))
    table = side_by_side(rows, [one.key for one in contents.metrics], {})
    further: list[tuple[Column, Sequence[Any]]] = [
        *(_setting(short[key], values) for key, values in config.items()),
        (Column("tags", " ".join), [shown_tags(row.path) or None for row in rows]),
        (Column("note", str), [known_tags(row.path).note or None for row in rows]),
        (Column("duration", duration, numeric=True), [row.duration for row in rows]),
        (Column("created", moment, numeric=True), [row.created for row in rows]),
    ]
    values = [[*row, *(cells[at] for _, cells in further)] for at, row in enumerate(table.rows)]
    columns = [*table.columns, *(column for column, _ in further)]
    return table._replace(columns=columns, rows=values).without_empty()


def _known(contents: Contents) -> set[str]:
    return {key for facts in contents.runs for key in facts.config}


def _setting(name: str, values: Sequence[Any]) -> tuple[Column, list[Any]]:
    """Return a column of a setting; of numbers four digits are shown."""
    there = [None if value is ABSENT else value for value in values]
    numeric = all(type(value) in (int, float) for value in there if value is not None)
    return Column(name, _shown, numeric=numeric), there


def _shown(value: Any) -> str:
    return number(value) if isinstance(value, float) else shortened(setting(value))
