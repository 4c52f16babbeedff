"""`stride ls`."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stride_cli.formatting import age, duration, number
from stride_cli.output import print_csv, print_json, print_table, tell
from stride_cli.reading.columns import print_columns

if TYPE_CHECKING:
    from stride.runs.listing.rows import RunRow
    from stride.runs.listing.selection import Selection

NEWEST = 50  # runs that a terminal shows
PLACE = frozenset({"work_dir", "run"})  # overrides that say where a run is, not what it is
FIELDS = ("path", "state", "reason", "created", "started", "ended", "duration")
REASON_SHOWN = frozenset({"failed", "broken", "running"})  # states whose reason a listing shows


def run(
    work_dir: str,
    metrics: Sequence[str],
    *,
    number: int | None,
    all_runs: bool,
    json: bool,
    csv: bool,
    jobs: bool = False,
    where: str | None = None,
    sort: str | None = None,
    columns: str | None = None,
) -> None:
    """List the runs of a work_dir, newest first or as they are asked for."""
    from stride.runs.listing.query import list_newest

    limit = number
    if limit is None and not all_runs and sys.stdout.isatty() and not (json or csv):
        limit = NEWEST
    asks = where is not None or sort is not None or columns is not None
    rows, total = list_newest(work_dir, limit=None if asks else limit)
    if asks and rows:  # where there is no run, no name is known
        selection = _select(rows, where, sort)
        if columns is not None and selection.facts:
            names = [*filter(None, map(str.strip, columns.split(","))), *metrics]
            fields = [selection.field(name) for name in names]
            print_columns(selection.facts[:limit], fields, json=json, csv=csv)
            return
        rows, total = selection.rows[:limit], len(selection.rows)
    names = canonical_metrics(metrics, rows) if metrics else []
    states = _jobs(rows) if jobs else None
    if json:
        print_json([record(row) | with_job(row, states) for row in rows])
    elif csv:
        header, lines = _sheet(rows, names)
        print_csv(*_widened(header, lines, rows, states, len(header)))
    elif rows:
        header, cells, right = _table(rows, names, time.time())
        print_table(*_widened(header, cells, rows, states, len(header) - 1), right=right)
    if not rows:
        tell(f"no runs in {work_dir}" + (f" where {where}" if where is not None else ""))
    elif limit == NEWEST and number is None and total > NEWEST:
        tell(f"the newest {NEWEST} of {total} runs; --all shows every one")


def _select(rows: Sequence["RunRow"], where: str | None, sort: str | None) -> "Selection":
    """Return the runs for which a query holds, sorted."""
    from stride.runs.listing.selection import Selection

    selection = Selection(rows)
    if where is not None:
        selection.where(where)
    if sort is not None:
        selection.sort(sort)
    return selection


def _jobs(rows: Sequence["RunRow"]) -> dict[Path, str]:
    from stride.launch.jobs import job_states

    return job_states(row.path for row in rows)


def with_job(row: "RunRow", states: Mapping[Path, str] | None) -> dict[str, str | None]:
    """Return what SLURM says of a run's job, nothing where it was not asked."""
    return {} if states is None else {"job": states.get(row.path)}


def _widened(
    header: list[str],
    lines: list[list[Any]],
    rows: Sequence["RunRow"],
    states: Mapping[Path, str] | None,
    at: int,
) -> tuple[list[str], list[list[Any]]]:
    """Return a table with a column of jobs, where SLURM was asked."""
    if states is None:
        return header, lines
    cells = [states.get(row.path, "-") for row in rows]
    wider = [[*line[:at], cell, *line[at:]] for line, cell in zip(lines, cells, strict=True)]
    return [*header[:at], "job", *header[at:]], wider


def canonical_metrics(metrics: Sequence[str], rows: Sequence["RunRow"]) -> list[str]:
    """Return the canonical names of the metrics that were asked for.

    Raises:
        UserError: no run has such a metric.
    """
    from stride.config.metrics import canonical
    from stride.errors import UserError, nearest

    known = {name for row in rows for name in (*row.best, *row.last)}
    names = {name: name if name in known else canonical(name) for name in metrics}
    for typed, name in names.items():
        if known and name not in known:
            hint = nearest(typed, known) or f"there are {', '.join(sorted(known))}"
            raise UserError(f"no run here has a metric {typed!r}", hint=hint)
    return list(names.values())


def value(row: "RunRow", name: str) -> float | None:
    """Return a metric where the run was best, or its last value."""
    return row.best.get(name, row.last.get(name))


def record(row: "RunRow") -> dict[str, Any]:
    """Return a row as JSON."""
    fields = {name: getattr(row, name) for name in FIELDS}
    fields["path"] = str(row.path)
    monitor = {"metric": row.monitor, "mode": row.mode}
    measured = {"monitor": monitor, "best": row.best, "last": row.last}
    return {"run": row.name, "uuid": row.uuid, **fields, **measured, "overrides": row.overrides}


def differing_overrides(rows: Sequence["RunRow"]) -> list[list[str]]:
    """Return each run's overrides without those that all of them have."""
    typed = [_latest(row.overrides) for row in rows]
    sets = [set(texts) for texts, row in zip(typed, rows, strict=True) if row.broken is None]
    common = set.intersection(*sets) if len(sets) > 1 else set()
    return [[text for text in texts if text not in common] for texts in typed]


def _latest(overrides: Sequence[str]) -> list[str]:
    """Return the last override of each key, without those that only name the place."""
    by_key = {text.partition("=")[0]: text for text in overrides}
    return [text for key, text in by_key.items() if key not in PLACE]


def _sheet(rows: Sequence["RunRow"], names: Sequence[str]) -> tuple[list[str], list[list[Any]]]:
    columns = list(names) or sorted({name for row in rows for name in (*row.best, *row.last)})
    header = ["run", *FIELDS, *columns, "overrides"]
    lines = [
        [row.name, *(getattr(row, name) for name in FIELDS)]
        + [value(row, name) for name in columns]
        + [" ".join(row.overrides)]
        for row in rows
    ]
    return header, lines


def _table(
    rows: Sequence["RunRow"], names: Sequence[str], now: float
) -> tuple[list[str], list[list[str]], list[int]]:
    titles = list(names) or _monitored(rows)
    header = ["run", "status", "age", "duration", *titles, "overrides"]
    cells = [
        [row.name, row.state, age(now - row.created), duration(row.duration)]
        + ([number(value(row, name)) for name in names] if names else _best(row, titles))
        + [_rest(row, overrides)]
        for row, overrides in zip(rows, differing_overrides(rows), strict=True)
    ]
    return header, cells, [2, 3, *range(4, 4 + len(titles))]


def _monitored(rows: Sequence["RunRow"]) -> list[str]:
    """Return the title of the column with the best values: the metric's name if it is one."""
    monitors = {row.monitor for row in rows if row.monitor is not None}
    return [f"best {monitors.pop()}" if len(monitors) == 1 else "best"] if monitors else []


def _best(row: "RunRow", titles: Sequence[str]) -> list[str]:
    if not titles:
        return []
    if row.monitor is None:
        return ["-"]
    text = number(value(row, row.monitor))
    return [text if titles[0] != "best" else f"{row.monitor} {text}"]


def _rest(row: "RunRow", overrides: Sequence[str]) -> str:
    """Return the overrides, and why a run went wrong."""
    reason = f"({row.reason})" if row.reason and row.state in REASON_SHOWN else ""
    return "  ".join(word for word in (" ".join(overrides), reason) if word)
