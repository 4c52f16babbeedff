"""Show what each setting reached over its seeds, by the metrics of a report."""

from collections.abc import Iterable, Iterator

from stride.pages.page import escaped, panel
from stride.report.contents import Contents
from stride.report.parts.intervals import intervals
from stride.runs.deciding.comparison import Comparison
from stride.runs.deciding.configurations import LeftOut
from stride.runs.deciding.tables import comparison_table
from stride.tables.table import Column, Table

_WAYS = {"max": "larger is better", "min": "smaller is better"}
_EXPLAINED = (
    "Over seeds. IQM: mean of the middle half; 95 %: Student's t for the mean, the bootstrap for "
    "the IQM; behind: surely not the best, seed by seed."
)
_NONE = "No run here has come to its end with a metric."


def results(contents: Contents) -> Iterator[str]:
    """Yield a table for each metric, and which runs do not count in them."""
    found = [one for one in contents.comparisons if any(row.values for row in one.rows)]
    if not found:
        yield f"<p>{_NONE}</p>"
    for one in found:
        yield f"<h3>{escaped(_title(one))}</h3>"
        yield from intervals(one)
        yield panel(comparison_table([one]).without_empty(), one.metric.title, sortable=True)
    if any(len(row.values) > 1 for one in found for row in one.rows):
        yield f'<p class="soft">{escaped(_EXPLAINED)}</p>'
    yield from _not_counted(contents, found)


def _title(one: Comparison) -> str:
    way = _WAYS.get(one.mode or "", "")
    return f"{one.metric.title}: {way}" if way else one.metric.title


def _not_counted(contents: Contents, found: Iterable[Comparison]) -> Iterator[str]:
    why: dict[str, str] = {}
    for left in _left_out(contents, found):
        why.setdefault(contents.name(left.facts.row), left.why)
    if why:
        columns = [Column("run", str), Column("why", str, wraps=True)]
        yield "<h3>Runs that do not count</h3>"
        yield panel(Table(columns, [*why.items()]), "runs that do not count", sortable=True)


def _left_out(contents: Contents, found: Iterable[Comparison]) -> Iterator[LeftOut]:
    yield from contents.study.left_out
    for one in contents.study.configurations:
        yield from one.again
    for row in (row for one in found for row in one.rows):
        yield from row.left_out.values()
