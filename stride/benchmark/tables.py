"""Make the tables of a benchmark: rows are models, columns are data sets."""

from collections.abc import Callable, Iterable
from typing import Any

from stride.benchmark.results import Results
from stride.runs.deciding.comparison import Measured
from stride.runs.deciding.tables import SHEET as _COMPARED
from stride.runs.deciding.tables import MetricWriter, comparison_sheet
from stride.tables.table import Column, Table

Show = Callable[[MetricWriter, Measured], str]

_METRIC, _MODEL, *_REST = _COMPARED
SHEET = ("metric", "model", "dataset", "rank", *_REST)
"""The titles of a spreadsheet with a line for each cell and metric."""

_WAYS = {"max": "; larger is better", "min": "; smaller is better", None: ""}


def result_tables(found: Results) -> list[Table]:
    """Return two tables of a metric: means with deviations, and interquartile means with intervals.

    Behind a mean stand the number of seeds, and `best` or `behind` where several are compared.
    """
    shown = ((_mean, "mean ± deviation (seeds)"), (_interquartile, "IQM, 95 % interval"))
    return [_table(found, show, what) for show, what in shown]


def _table(found: Results, show: Show, what: str) -> Table:
    names, places = [*found.columns], found.mean_ranks
    columns = [Column("model", str, wraps=True), *(Column(name, str) for name in names)]
    columns += [Column("mean rank", "{:.2f}".format, numeric=True)] if places else []
    texts = [_column(found, name, show) for name in names]
    ranks = [[places[model] for model in found.models]] if places else []
    rows = [*zip(found.models, *texts, *ranks, strict=True)]
    return Table(columns, rows, above=[f"{found.metric.title}: {what}{_WAYS[found.mode]}"])


def _column(found: Results, dataset: str, show: Show) -> list[str | None]:
    cells = found.column(dataset)
    write = MetricWriter(cells)
    return [show(write, one) if one.values else None for one in cells]


def _mean(write: MetricWriter, one: Measured) -> str:
    deviation = "" if one.deviation is None else f" ± {write(one.deviation)}"
    standing = one.standing if one.standing in ("best", "behind") else ""
    return f"{write(one.mean)}{deviation} ({len(one.values)}) {standing}".rstrip()


def _interquartile(write: MetricWriter, one: Measured) -> str:
    interval = write.interval(one.interquartile_interval)
    return " ".join(filter(None, [write(one.interquartile_mean), interval]))


def result_sheet(found: Iterable[Results]) -> list[list[Any]]:
    """Return rows of plain numbers, one for each cell and metric, under the titles of SHEET."""
    return [line for one in found for name in one.columns for line in _lines(one, name)]


def _lines(found: Results, dataset: str) -> list[list[Any]]:
    column, places = found.columns[dataset], found.ranks(dataset)
    lines = {line[1]: line for line in comparison_sheet([column])}
    return [
        [metric, name, dataset, places.get(name), *rest]
        for metric, name, *rest in (lines[model] for model in found.models)
    ]
