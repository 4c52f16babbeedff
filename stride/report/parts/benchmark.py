"""Show the tables of a benchmark: models by data sets."""

from collections.abc import Iterator

from stride.benchmark.cells import arrange
from stride.benchmark.results import Results, default_metrics
from stride.benchmark.spec import NAME
from stride.benchmark.tables import result_tables
from stride.pages.page import panel
from stride.report.contents import Contents
from stride.runs.listing.facts import Facts

_MOST = 2  # metrics with tables of their own


def benchmark(contents: Contents) -> Iterator[str]:
    """Yield the tables; nothing where no run is of a benchmark."""
    runs = [facts for facts in contents.runs if is_of_benchmark(facts)]
    if not runs:
        return
    usual = default_metrics([{*facts.metrics} for facts in runs])
    metrics = [one for one in contents.metrics if one.key in usual] or contents.metrics
    cells = arrange(runs)
    for metric in metrics[:_MOST]:
        for table in result_tables(Results.of(cells, metric)):
            yield panel(table, table.above[0])


def is_of_benchmark(facts: Facts) -> bool:
    """Tell whether a run was trained by `stride benchmark`."""
    return facts.row.sweep == NAME
