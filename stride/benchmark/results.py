"""Say what a metric is in each cell, which differences are sure, and the mean ranks of models."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from stride.benchmark.cells import Cells
from stride.benchmark.trivial import Trivial, trivial_scores
from stride.runs.deciding.comparison import Comparison, Measured, compare, mode_of
from stride.runs.where.names import Field
from stride.stats.paired import Mode
from stride.stats.ranks import mean_ranks, ranks

_DETECTION = ("test/vus_pr", "test/roc_auc")  # of anomalies, where there are labels
_ERROR = "test/l1"


def default_metrics(known: Sequence[Set[str]]) -> list[str]:
    """Return the metrics that a table shows where none is named; none where runs monitor others.

    It is how well anomalies are found where there are labels, and the error where some have none.

    Args:
        known: of each run, the names of its metrics.
    """
    measured = [names for names in known if names]
    labelled = [names for names in measured if not names.isdisjoint(_DETECTION)]
    chosen = [one for one in _DETECTION if labelled and all(one in names for names in labelled)]
    detection = chosen[:1] or [one for one in _DETECTION[-1:] if labelled]
    without = len(labelled) < len(measured)
    return [*detection, *([_ERROR] if without and any(_ERROR in one for one in measured) else [])]


@dataclass(frozen=True)
class Results:
    """Hold what one metric is in each cell.

    Attributes:
        metric: what was asked for.
        mode: which way is better, None where that is not known.
        models: what the rows are called, in their order.
        columns: by what a data set is called, the comparison of its cells.
        trivial: likewise, what scores that learn nothing reach.
    """

    metric: Field
    mode: Mode | None
    models: Sequence[str]
    columns: Mapping[str, Comparison]
    trivial: Mapping[str, Trivial]

    @classmethod
    def of(cls, cells: Cells, metric: Field, mode: Mode | None = None) -> "Results":
        """Compare the cells of each data set by a metric.

        Args:
            cells: of runs.
            metric: a metric as `Selection.field` gives it.
            mode: which way is better; None: by the runs' monitors, or by the metric's name.
        """
        mode = mode or mode_of(metric.key, cells.runs)
        columns = {name: compare(study, metric, mode) for name, study in cells.datasets.items()}
        trivial = {name: trivial_scores(column) for name, column in columns.items()}
        return cls(metric, mode, cells.models, columns, trivial)

    def cell(self, model: str, dataset: str) -> Measured:
        """Return what the metric is in a cell; without values where nothing is known of it."""
        rows = self.columns[dataset].rows
        return next(row for row in rows if row.configuration.name == model)

    def column(self, dataset: str) -> list[Measured]:
        """Return the cells of a data set, in the order of the models."""
        return [self.cell(model, dataset) for model in self.models]

    @property
    def trivial_names(self) -> list[str]:
        """Return the names of the scores that learn nothing and are known on any data set."""
        return [*dict.fromkeys(name for one in self.trivial.values() for name in one)]

    def missing(self, dataset: str) -> list[str]:
        """Return the models without a value on a data set."""
        return [row.configuration.name for row in self.column(dataset) if not row.values]

    @property
    def ranked_over(self) -> list[str]:
        """Return the data sets on which every model has a value: by these models are ranked."""
        several = len(self.models) > 1 and self.mode is not None
        return [name for name in self.columns if several and not self.missing(name)]

    def ranks(self, dataset: str) -> dict[str, float]:
        """Return the rank of each model that has a value on a data set, by its mean."""
        if self.mode is None:
            return {}
        known = [row for row in self.column(dataset) if row.values]
        places = ranks([row.mean for row in known], self.mode)
        return {row.configuration.name: at for row, at in zip(known, places, strict=True)}

    @property
    def mean_ranks(self) -> dict[str, float]:
        """Return the mean of each model's ranks over `ranked_over`; nothing without any."""
        tasks = [[row.mean for row in self.column(name)] for name in self.ranked_over]
        if self.mode is None or not tasks:
            return {}
        return dict(zip(self.models, mean_ranks(tasks, self.mode), strict=True))
