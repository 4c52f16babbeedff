"""`stride ls`."""

import gc
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stride_cli.listed import listed
from stride_cli.output import (
    Form,
    has_unicode,
    print_csv,
    print_json,
    print_json_rows,
    print_table,
    tell,
)

if TYPE_CHECKING:
    from stride.runs.listing.rows.row import RunRow
    from stride.runs.listing.selection import Selection

NEWEST = 50  # runs that a terminal shows


@contextmanager
def _without_collection() -> Iterator[None]:
    """Look for no garbage in the block: there are ten thousand objects, and none of them goes."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@_without_collection()
def run(
    places: Sequence[str],
    metrics: Sequence[str],
    *,
    number: int | None,
    all_runs: bool,
    form: Form,
    jobs: bool = False,
    curve: bool = False,
    where: str | None = None,
    sort: str | None = None,
    columns: str | None = None,
) -> None:
    """List the runs of work_dirs, newest first or as they are asked for."""
    from stride.runs.listing.places import selected

    if curve and (columns is not None or form in (Form.JSON, Form.CSV)):
        from stride.errors import UserError

        raise UserError(
            "--curve is for the plain table", hint="for numbers, type: stride plot W --json"
        )
    limit = number
    if limit is None and not all_runs and sys.stdout.isatty() and form is Form.TEXT:
        limit = NEWEST
    asks = where is not None or sort is not None or columns is not None
    with selected(places, whole=asks or limit is None) as selection:
        if asks and len(selection):  # where there is no run, no name is known
            _choose(selection, where, sort)
        if columns is not None and len(selection):
            names = [*filter(None, map(str.strip, columns.split(","))), *metrics]
            _print_chosen(selection, limit, names, form)
        else:
            _print(selection, limit, metrics, form, jobs=jobs, curve=curve)
        if not len(selection):
            tell(f"no runs in {' '.join(places)}" + ("" if where is None else f" where {where}"))
        elif number is None and limit == NEWEST and len(selection) > NEWEST:
            tell(f"the newest {NEWEST} of {len(selection)} runs; --all shows every one")


def _choose(selection: "Selection", where: str | None, sort: str | None) -> None:
    if where is not None:
        selection.where(where)
    if sort is not None:
        selection.sort(sort)


def _print_chosen(
    selection: "Selection", limit: int | None, names: Sequence[str], form: Form
) -> None:
    from stride.runs.listing.tables import chosen

    facts, asked = list(selection.facts(limit)), map(selection.field, names)
    own = {"run", "status"} if form is not Form.JSON else {}  # which every row begins with
    fields = [field for field in dict.fromkeys(asked) if field.key not in own]
    table = chosen(facts, fields)
    titles = table.titles[2:]
    starts = [{"run": o.row.name, "path": str(o.row.path), "status": o.row.state} for o in facts]
    pairs = list(zip(starts, (row[2:] for row in table.rows), strict=True))
    if form is Form.JSON:
        print_json([start | {"columns": dict(zip(titles, v, strict=True))} for start, v in pairs])
    elif form is Form.CSV:
        print_csv(["run", "path", "status", *titles], [[*s.values(), *v] for s, v in pairs])
    else:
        print_table(table, form)


def _print(
    selection: "Selection",
    limit: int | None,
    metrics: Sequence[str],
    form: Form,
    *,
    jobs: bool,
    curve: bool,
) -> None:
    from stride.runs.listing.facts import with_all_metrics
    from stride.runs.listing.tables import overview, sheet

    all_metrics = bool(metrics) or form in (Form.JSON, Form.CSV)
    found = selection.rows(limit)
    rows = (with_all_metrics(row) for row in found) if all_metrics else found
    states: dict[Path, str] | None = None
    if jobs:
        from stride.launch.jobs import job_states

        rows = iter(kept := list(rows))
        states = job_states(row.path for row in kept)
    if form is Form.JSON and not metrics:  # one row in memory at a time
        print_json_rows(row.to_json() | _job(row, states) for row in rows)
        return
    shown = list(rows)
    names = canonical_metrics(metrics, shown) if metrics else []
    if form is Form.JSON:
        print_json_rows(row.to_json() | _job(row, states) for row in shown)
    elif form is Form.CSV:
        header, lines = sheet(shown, names)
        if states is not None:
            header.append("job")
            lines = [[*line, states.get(row.path)] for line, row in zip(lines, shown, strict=True)]
        print_csv(header, lines)
    elif shown:
        drawn = _curves(shown, names) if curve else None
        print_table(overview(shown, names, now=time.time(), jobs=states, curves=drawn), form)


def _curves(rows: Sequence["RunRow"], names: Sequence[str]) -> dict[Path, str]:
    from stride.plots.sparkline import in_ascii
    from stride.runs.curves.sparklines import sparklines

    drawn = sparklines(rows, names)
    return drawn if has_unicode() else {path: in_ascii(one) for path, one in drawn.items()}


def _job(row: "RunRow", states: Mapping[Path, str] | None) -> dict[str, str | None]:
    """Return what SLURM says of a run's job, nothing where it was not asked."""
    return {} if states is None else {"job": states.get(row.path)}


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
            hint = nearest(typed, known) or f"there are {listed(sorted(known))}"
            raise UserError(f"no run here has a metric {typed!r}", hint=hint)
    return list(names.values())
