"""Keep the newest epochs of a training and the best, for a table, and all of them as curves."""

from collections import deque

from stride.figures import are_far_apart
from stride.loggers.base import Row
from stride.loggers.display.words import display_name, metrics_of
from stride.plots.plot import Plot
from stride.runs.curves.cells import Cells
from stride.tables.table import Column, Table, numbers

_TRAIN, _VALIDATION = "train/", "validation/"
_POINTS = 256  # of a curve, at most


class RecentEpochs:
    """Hold the rows of the newest epochs and of the best one, and curves of what is monitored.

    Args:
        count: of the newest epochs that are held.
        metric: that is monitored, empty where none is.
    """

    def __init__(self, count: int, metric: str) -> None:
        self._newest: deque[Row] = deque(maxlen=count)
        self._best: Row | None = None
        self._metric = metric or "train/epoch_loss"
        names = dict.fromkeys([self._metric, self._metric.replace(_VALIDATION, _TRAIN)])
        self._curves = {name: Cells(_POINTS) for name in names}

    def add(self, row: Row, *, is_best: bool) -> None:
        """Take the row of an epoch that has ended; what is more of the same one has no line."""
        if self._newest and _place(self._newest[-1]) == _place(row):
            return
        self._newest.append(row)
        if is_best:
            self._best = row
        for name, curve in self._curves.items():
            if isinstance(row.get(name), float):
                curve.add([row.get("epoch", 0)], [row[name]])

    def table(self) -> Table:
        """Return the rows with the values that the newest one has; the best stands out."""
        rows = [*self._newest]
        if self._best is not None and all(row is not self._best for row in rows):
            rows.insert(0, self._best)
        names = [*metrics_of(rows[-1])] if rows else []
        columns = [Column("epoch", str, numeric=True), *(numbers(display_name(n)) for n in names)]
        values = [
            [row.get("epoch"), *(row.get(name) for name in names), _mark(row is self._best)]
            for row in rows
        ]
        best = frozenset(at for at, row in enumerate(rows) if row is self._best)
        return Table([*columns, Column("", str)], values, bold=best)

    def plot(self) -> Plot | None:
        """Return the curves over the epochs, None before there are two of them."""
        found = [curve.line(display_name(name)) for name, curve in self._curves.items()]
        lines = [line for line in found if len(line.x) > 1]
        if not lines:
            return None
        log = are_far_apart([value for line in lines for value in line.low])
        return Plot(display_name(self._metric), self._metric, "epoch", lines, log)


def _place(row: Row) -> tuple[int, int]:
    return row.get("epoch", 0), row.get("step", 0)


def _mark(is_best: bool) -> str:
    return "best" if is_best else ""
