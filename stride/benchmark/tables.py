"""Make the tables of a benchmark: rows are models, columns are data sets."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from stride.benchmark.results import Results
from stride.runs.deciding.comparison import Measured
from stride.runs.deciding.tables import SHEET as _COMPARED
from stride.runs.deciding.tables import MetricWriter, comparison_sheet
from stride.stats.moments import mean
from stride.tables.table import Column, Table

Show = Callable[[MetricWriter, Measured], str]

_METRIC, _MODEL, *_REST = _COMPARED
SHEET = ("metric", "model", "dataset", "rank", *_REST)
"""The titles of a spreadsheet with a line for each cell and metric."""

_WAYS = {"max": "; larger is better", "min": "; smaller is better", None: ""}
_TRIVIAL = "{} learn nothing: their mean over the seeds, without a rank"


def result_tables(found: Results) -> list[Table]:
    """Return two tables of a metric: means with deviations, and interquartile means with intervals.

    Behind a mean stand the number of seeds, and `best` or `behind` where several are compared.
    Below the models stands what scores that learn nothing reach.
    """
    shown = ((_mean, "mean ± deviation (seeds)"), (_interquartile, "IQM, 95 % interval"))
    return [_table(found, show, what) for show, what in shown]


def _table(found: Results, show: Show, what: str) -> Table:
    names, places, trivial = [*found.columns], found.mean_ranks, found.trivial_names
    columns = [Column("model", str, wraps=True), *(Column(name, str) for name in names)]
    columns += [Column("mean rank", "{:.2f}".format, numeric=True)] if places else []
    texts = [_column(found, name, show) for name in names]
    titles = [*found.models, *trivial]
    ranks = [[places.get(model) for model in titles]] if places else []
    above = [f"{found.metric.title}: {what}{_WAYS[found.mode]}"]
    above += [_TRIVIAL.format(" and ".join(trivial))] if trivial else []
    return Table(columns, [*zip(titles, *texts, *ranks, strict=True)], above=above)


def _column(found: Results, dataset: str, show: Show) -> list[str | None]:
    cells = found.column(dataset)
    if sum(bool(one.values) for one in cells) == 1:  # best of one says nothing
        cells = [replace(one, standing=None) for one in cells]
    write = MetricWriter(cells)
    trivial = found.trivial[dataset]
    return [
        *(show(write, one) if one.values else None for one in cells),
        *(write(mean(trivial.get(name, ()))) for name in found.trivial_names),
    ]


def _mean(write: MetricWriter, one: Measured) -> str:
    deviation = "" if one.deviation is None else f" ± {write(one.deviation)}"
    standing = one.standing if one.standing in ("best", "behind") else ""
    return f"{write(one.mean)}{deviation} ({len(one.values)}) {standing}".rstrip()


def _interquartile(write: MetricWriter, one: Measured) -> str:
    interval = write.interval(one.interquartile_interval)
    return " ".join(filter(None, [write(one.interquartile_mean), interval]))


def result_sheet(found: Iterable[Results]) -> list[list[Any]]:
    """Return rows of plain numbers, one for each cell and metric, under the titles of SHEET.

    After the cells of a data set come scores that learn nothing, of the standing `trivial`.
    """
    return [line for one in found for name in one.columns for line in _lines(one, name)]


def _lines(found: Results, dataset: str) -> list[list[Any]]:
    column, places = found.columns[dataset], found.ranks(dataset)
    lines = {line[1]: line for line in comparison_sheet([column])}
    models = [
        [metric, name, dataset, places.get(name), *rest]
        for metric, name, *rest in (lines[model] for model in found.models)
    ]
    trivial = found.trivial[dataset].items()
    return [*models, *(_trivial_line(found.metric.title, dataset, *one) for one in trivial)]


def _trivial_line(metric: str, dataset: str, name: str, values: Sequence[float]) -> list[Any]:
    known: dict[str, Any] = {"metric": metric, "model": name, "dataset": dataset}
    known |= {"standing": "trivial", "n": len(values), "mean": mean(values)}
    return [known.get(title) for title in SHEET]
