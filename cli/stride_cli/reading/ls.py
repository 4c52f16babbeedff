"""`stride ls`."""

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stride_cli.output import Form, print_csv, print_json, print_table, tell

if TYPE_CHECKING:
    from stride.runs.listing.query import Listing
    from stride.runs.listing.rows import RunRow
    from stride.runs.listing.selection import Selection

NEWEST = 50  # runs that a terminal shows
NAMED = 20  # metrics that an error names


def run(
    places: Sequence[str],
    metrics: Sequence[str],
    *,
    number: int | None,
    all_runs: bool,
    form: Form,
    jobs: bool = False,
    where: str | None = None,
    sort: str | None = None,
    columns: str | None = None,
) -> None:
    """List the runs of work_dirs, newest first or as they are asked for."""
    from stride.runs.listing.places import list_places
    from stride.runs.listing.query import Listing

    limit = number
    if limit is None and not all_runs and sys.stdout.isatty() and form is Form.TEXT:
        limit = NEWEST
    asks = where is not None or sort is not None or columns is not None
    listing = list_places(places, None if asks else limit)
    if asks and listing.rows:  # where there is no run, no name is known
        selection = _select(listing.rows, where, sort)
        listing = Listing(selection.rows[:limit], len(selection.rows))
        if columns is not None and listing.rows:
            selection.facts = selection.facts[:limit]
            names = [*filter(None, map(str.strip, columns.split(","))), *metrics]
            _print_chosen(selection, names, form)
    if columns is None or not listing.rows:
        _print(listing.rows, metrics, form, jobs=jobs)
    _tell_rest(places, listing, where, told=number is None and limit == NEWEST)


def _select(rows: Sequence["RunRow"], where: str | None, sort: str | None) -> "Selection":
    from stride.runs.listing.selection import Selection

    selection = Selection(rows)
    if where is not None:
        selection.where(where)
    if sort is not None:
        selection.sort(sort)
    return selection


def _print_chosen(selection: "Selection", names: Sequence[str], form: Form) -> None:
    from stride.runs.listing.tables import chosen

    facts, fields = selection.facts, [selection.field(name) for name in names]
    table = chosen(facts, fields)
    titles = table.titles[2:]
    starts = [{"run": o.row.name, "path": str(o.row.path), "status": o.row.state} for o in facts]
    values = [[one.value(field) for field in fields] for one in facts]
    pairs = list(zip(starts, values, strict=True))
    if form is Form.JSON:
        print_json([start | {"columns": dict(zip(titles, v, strict=True))} for start, v in pairs])
    elif form is Form.CSV:
        print_csv(["run", "path", "status", *titles], [[*s.values(), *v] for s, v in pairs])
    else:
        print_table(table, form)


def _print(rows: Sequence["RunRow"], metrics: Sequence[str], form: Form, *, jobs: bool) -> None:
    from stride.runs.listing.rows import with_all_metrics
    from stride.runs.listing.tables import overview

    if metrics or form in (Form.JSON, Form.CSV):
        rows = [with_all_metrics(row) for row in rows]
    names = canonical_metrics(metrics, rows) if metrics else []
    states = None
    if jobs:
        from stride.launch.jobs import job_states

        states = job_states(row.path for row in rows)
    if form is Form.JSON:
        told = [{} if states is None else {"job": states.get(row.path)} for row in rows]
        print_json([row.to_json() | job for row, job in zip(rows, told, strict=True)])
    elif form is Form.CSV:
        header, lines = _sheet(rows, names)
        if states is not None:
            header.append("job")
            lines = [[*line, states.get(row.path)] for line, row in zip(lines, rows, strict=True)]
        print_csv(header, lines)
    elif rows:
        print_table(overview(rows, names, now=time.time(), jobs=states), form)


def _tell_rest(places: Sequence[str], listing: "Listing", where: str | None, *, told: bool) -> None:
    if not listing.rows:
        tell(f"no runs in {' '.join(places)}" + ("" if where is None else f" where {where}"))
    elif told and listing.total > NEWEST:
        tell(f"the newest {NEWEST} of {listing.total} runs; --all shows every one")


def canonical_metrics(metrics: Sequence[str], rows: Sequence["RunRow"]) -> list[str]:
    """Return the canonical names of the metrics that were asked for.

    Raises:
        UserError: no run has such a metric.
    """
    from stride.config.metrics import canonical
    from stride.errors import UserError, nearest

    known = {name for row in rows for name in row.metrics}
    names = {name: name if name in known else canonical(name) for name in metrics}
    for typed, name in names.items():
        if known and name not in known:
            hint = nearest(typed, known) or f"there are {_listed(sorted(known))}"
            raise UserError(f"no run here has a metric {typed!r}", hint=hint)
    return list(names.values())


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _sheet(rows: Sequence["RunRow"], names: Sequence[str]) -> tuple[list[str], list[list[Any]]]:
    """Return a spreadsheet of rows: what a run is, its metrics, and its overrides as one text."""
    columns = list(names) or sorted({name for row in rows for name in row.metrics})
    fields = ("run", "path", "status", "reason", "created", "started", "ended", "duration")
    lines = [
        [row.to_json()[name] for name in fields]
        + [row.metric(name) for name in columns]
        + [" ".join(row.overrides)]
        for row in rows
    ]
    return [*fields, *columns, "overrides"], lines
