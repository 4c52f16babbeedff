"""`stride metrics`."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stride.tables.table import Column, Table, numbers
from stride.visible import quoted
from stride_cli.address import find
from stride_cli.listed import listed
from stride_cli.output import Form, print_json, print_table, tell

if TYPE_CHECKING:
    from stride.runs.run import Run

Row = Mapping[str, Any]
PLACE = ("epoch", "step")
NO_METRICS = {*PLACE, "time", "checkpoint", "overrides"}
FEW = 5  # metrics that are shown where none was asked for and none is monitored


def run(
    text: str,
    metrics: Sequence[str],
    *,
    points: int,
    steps: bool,
    evaluations: bool,
    form: Form,
) -> None:
    """Print how metrics of a run went, at a few points."""
    from stride.errors import RunError
    from stride.runs.listing.history import rows_with, thinned
    from stride.runs.run import Run

    one = Run(find(text))
    rows = one.evaluations() if evaluations else one.metrics()
    known = {name for row in rows for name in row} - NO_METRICS
    if not known:
        hint = f"type: stride evaluate {quoted(text)} --follow" if evaluations else ""
        raise RunError("no metric is recorded here yet", where=text, hint=hint)
    names = [_name(metric, known) for metric in metrics] or _default(one, known)
    found = rows_with(rows, names, steps=steps or evaluations)
    few = thinned(found, names, points)
    left_out = 0 if metrics else len(known) - len(names)
    if form is Form.JSON:
        print_json(_record(one, names, len(found), few) | {"left_out": left_out})
        return
    cells = [[row.get(name) for name in (*PLACE, *names)] for row in few]
    place = [Column(title, str, numeric=True) for title in PLACE]
    print_table(Table([*place, *map(numbers, names)], cells), form)
    if left_out and len(names) > 1:  # where it is one, it is the monitored one
        tell(f"{len(names)} of {len(known)} metrics; -m NAME shows another")
    if len(few) < len(found):
        tell(f"{len(few)} of {len(found)} rows; --points {len(found)} shows all")


def _record(run: "Run", names: Sequence[str], total: int, few: Sequence[Row]) -> dict[str, Any]:
    points = [{name: row[name] for name in (*PLACE, *names) if name in row} for row in few]
    start = {"run": run.name, "path": str(run.path), "status": run.state}
    return {**start, "metrics": list(names), "rows": total, "points": points}


def _name(text: str, known: Collection[str]) -> str:
    """Return the recorded name for a metric as it was typed: whole, an alias or its end.

    Raises:
        UserError: there is none, or it may mean several.
    """
    from stride.errors import UserError
    from stride.runs.where.names import Names

    try:
        return Names([], known).find(text, "last").key
    except UserError as error:
        if not error.hint:
            error.hint = f"there are {listed(sorted(known))}"
        raise


def _default(run: "Run", known: Collection[str]) -> list[str]:
    """Return the metric by which the best was chosen, before that is known the first few."""
    monitor = run.row().monitor
    return [monitor] if monitor is not None and monitor in known else sorted(known)[:FEW]
