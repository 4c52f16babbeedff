"""Show what checkpoints were evaluated to beside the training of the runs of a report."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stride.errors import RunError
from stride.pages.page import escaped, panel
from stride.report.contents import Contents
from stride.runs.evaluations.read import best_evaluation, evaluations
from stride.runs.layout import RunPaths
from stride.runs.listing.rows.row import RunRow
from stride.tables.table import Column, Table, numbers

_MOST = 6  # metrics that have a column
_PLACE = ("step", "epoch", "time", "checkpoint", "overrides")


def evaluated(contents: Contents) -> Iterator[str]:
    """Yield a table of the best and the last checkpoint of each run; nothing without one."""
    found: list[tuple[list[Any], Mapping[str, Any]]] = []
    for row in contents.rows:
        try:
            found += _evaluated(contents, row)
        except RunError as error:
            yield f'<p class="warning" role="note">{escaped(str(error))}</p>'
    if found:
        yield panel(_table(found), "evaluated checkpoints", sortable=True)


def _evaluated(contents: Contents, row: RunRow) -> Iterator[tuple[list[Any], Mapping[str, Any]]]:
    paths = RunPaths(row.path)
    rows = evaluations(paths)
    if rows:
        number = len({one["checkpoint"] for one in rows})
        for which, one in (("best", best_evaluation(paths)), ("last", rows[-1])):
            yield [contents.name(row), number, which, one.get("epoch"), one.get("step")], one


def _table(found: Sequence[tuple[list[Any], Mapping[str, Any]]]) -> Table:
    names = list(dict.fromkeys(name for _, one in found for name in one if name not in _PLACE))
    columns = [Column("run", str), Column("checkpoints", numeric=True), Column("which", str)]
    columns += [Column("epoch", numeric=True), Column("step", numeric=True)]
    columns += [numbers(name) for name in names[:_MOST]]
    rows = [[*start, *(one.get(name) for name in names[:_MOST])] for start, one in found]
    return Table(columns, rows)
