"""Show what checkpoints were evaluated to beside the training of the runs of a report."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from stride.errors import RunError
from stride.pages.page import escaped, panel
from stride.plots.plot import Line, Plot, points
from stride.report.contents import Contents
from stride.report.parts.curves import figures
from stride.runs.evaluations.read import best_evaluation, evaluations
from stride.runs.layout import RunPaths
from stride.runs.listing.rows.row import RunRow
from stride.tables.table import Column, Table, numbers

_MOST = 6  # metrics that have a column
_LINES = 12  # of a plot
_PLACE = ("step", "epoch", "time", "checkpoint", "overrides")


class _Evaluated(NamedTuple):
    """Hold what the checkpoints of a run were evaluated to.

    Attributes:
        name: of the run.
        monitor: the metric by which it tells the best.
        rows: one for each, in the order of training.
        best: the row of the best.
    """

    name: str
    monitor: str | None
    rows: Sequence[Mapping[str, Any]]
    best: Mapping[str, Any]

    def line(self) -> Line:
        """Return the monitored metric over the steps of the training."""
        metric = str(self.monitor)
        rows = [row for row in self.rows if metric in row and not row.get("overrides")]
        pairs = [(row["step"], row[metric]) for row in rows]
        return points(self.name, [step for step, _ in pairs], [value for _, value in pairs])


def evaluated(contents: Contents) -> Iterator[str]:
    """Yield the curves of checkpoints, and the best and the last of each run; or nothing."""
    found: list[_Evaluated] = []
    for row in contents.rows:
        try:
            found += _read(contents.name(row), row)
        except RunError as error:
            yield f'<p class="warning" role="note">{escaped(str(error))}</p>'
    if found:
        yield from figures(_plots(found))
        yield panel(_table(found), "evaluated checkpoints", sortable=True)


def _read(name: str, row: RunRow) -> Iterator[_Evaluated]:
    paths = RunPaths(row.path)
    if rows := evaluations(paths):
        yield _Evaluated(name, row.monitor, rows, best_evaluation(paths))


def _plots(found: Sequence[_Evaluated]) -> Iterator[Plot]:
    for metric in dict.fromkeys(one.monitor for one in found):
        lines = [one.line() for one in found if one.monitor == metric]
        if drawn := [line for line in lines if line.x][:_LINES]:
            yield Plot("Evaluated checkpoints", str(metric), "step", drawn)


def _table(found: Sequence[_Evaluated]) -> Table:
    names = dict.fromkeys(name for one in found for name in one.rows[-1] if name not in _PLACE)
    shown = [*names][:_MOST]
    columns = [Column("run", str), Column("checkpoints", numeric=True), Column("which", str)]
    columns += [Column("epoch", numeric=True), Column("step", numeric=True), *map(numbers, shown)]
    rows = [
        [one.name, _count(one), which, *(row.get(key) for key in ("epoch", "step", *shown))]
        for one in found
        for which, row in (("best", one.best), ("last", one.rows[-1]))
        if row
    ]
    return Table(columns, rows)


def _count(one: _Evaluated) -> int:
    return len({str(row["checkpoint"]) for row in one.rows})
