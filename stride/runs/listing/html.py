"""Show runs in a notebook."""

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

from stride.pages.notebook import code, facts, notebook_output, soft, table, tile
from stride.pages.page import escaped
from stride.runs.listing.facts import with_all_metrics
from stride.runs.listing.rows.row import RunRow
from stride.runs.listing.tables import latest_overrides, overview
from stride.runs.status import RESUMABLE, next_command, resume_lines
from stride.runs.tags.tags_json import known_tags, shown_tags
from stride.tables.table import Column, Table, numbers
from stride.tables.words import duration, moment, number

_TONES = {
    "done": "good",
    "stopped": "good",
    "queued": "busy",
    "created": "busy",
    "running": "busy",
    "waiting": "warn",
    "interrupted": "warn",
    "failed": "wrong",
    "broken": "wrong",
}
_TILES = 4
SHOWN = 50
"""Runs of a list."""


def run_output(row: RunRow, curve: str = "") -> str:
    """Return a run as HTML: its state, what it reached, what it is and how to go on.

    Args:
        row: of the run.
        curve: a picture of how its metric went, empty where there is none.
    """
    whole = with_all_metrics(row)
    tiles = "".join(islice(_tiles(whole), _TILES))
    parts = [_head(row), f'<div class="tiles">{tiles}</div>' if tiles else ""]
    return notebook_output([*parts, curve, facts(_facts(row)), _metrics(whole)])


def runs_output(rows: Sequence[RunRow], curves: Mapping[Path, str] | None = None) -> str:
    """Return a list of runs as HTML.

    Args:
        rows: of the runs, of which the first are shown.
        curves: how the metric of each went in one line of text, by its folder.
    """
    rest = len(rows) - SHOWN
    more = f"<p>{soft(f'{rest} more')}</p>" if rest > 0 else ""
    return notebook_output([runs_table(rows[:SHOWN], curves), more])


def runs_table(rows: Sequence[RunRow], curves: Mapping[Path, str] | None = None) -> str:
    """Return the table of `stride ls` as HTML, states in their colours."""
    found = overview(rows, now=time.time(), curves=curves or None)
    place = found.titles.index("status")
    return table(found, lambda at, cell: state_mark(cell, cell) if at == place else cell)


def state_mark(state: str, shown: str) -> str:
    """Return HTML in the colour of a run's state."""
    return f'<span class="tone {_TONES.get(state, "")}">{shown}</span>'


def _head(row: RunRow) -> str:
    took = "" if row.duration is None else f"took {duration(row.duration)}"
    words = " · ".join(filter(None, [row.reason, moment(row.created), took]))
    state = state_mark(row.state, escaped(row.state))
    return f'<p class="head"><b>{escaped(row.name)}</b> {state} {soft(words)}</p>'


def _tiles(row: RunRow) -> Iterator[str]:
    """Yield what the run was judged by, and what it was worth on the test split."""
    if row.monitor is not None and row.monitor in row.best:
        yield tile(f"best {row.monitor}", number(row.best[row.monitor]))
    for name, value in row.test.items():
        yield tile(name, number(value))


def _facts(row: RunRow) -> Iterator[tuple[str, str]]:
    known = known_tags(row.path)
    yield "progress", _progress(row)
    yield "overrides", " ".join(map(code, latest_overrides(row.overrides)))
    yield "tags", " ".join(map(code, shown_tags(row.path)))
    yield "note", escaped(known.note).replace("\n", "<br>")
    yield "folder", code(str(row.path))
    yield "to go on", "<br>".join(map(code, _next(row)))


def _progress(row: RunRow) -> str:
    if row.progress is None:
        return ""
    speed = row.progress.speed if row.state == "running" else ""
    return escaped(", ".join(filter(None, [row.progress.position, speed])))


def _next(row: RunRow) -> Sequence[str]:
    """Return what to type so that the run goes on."""
    if row.state in RESUMABLE:
        return resume_lines(row.path)
    return [*filter(None, [next_command(row.state, str(row.path))])]


def _metrics(row: RunRow) -> str:
    """Return all metrics in a table that opens when it is asked for."""
    tables = {name: of for name in ("best", "last", "test") if (of := getattr(row, name))}
    names = [*dict.fromkeys(chain.from_iterable(tables.values()))]
    if not names:
        return ""
    columns = [Column("metric", str), *map(numbers, tables)]
    rows = [[name, *(of.get(name) for of in tables.values())] for name in names]
    return f"<details><summary>all metrics</summary>{table(Table(columns, rows))}</details>"
