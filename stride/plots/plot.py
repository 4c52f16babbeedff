"""Hold what a plot shows, however it is drawn."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

Along = Literal["step", "epoch", "time"]


class Line(NamedTuple):
    """Hold a curve.

    A long curve is held in cells: places of one width, a power of two, that begin at multiples of
    it. Cells of several curves lie on one grid, so that whole cells make up what is drawn as one
    column, and its extremes are those of the points themselves.

    Attributes:
        label: what it is called; unique in its plot.
        x: where the values are, increasing; of a cell its first point.
        y: the values, NaN where a point was not finite; of a cell the mean of the finite ones.
        low: the smallest value of each cell, or the lower end of a band.
        high: the largest, or the upper end.
        cell: width of the cells, 0 where each value is one point.
        is_band: whether low and high are an interval around y, as over seeds, rather than extremes.
        best: index of the value that counted as the best, None where none did.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    cell: float = 0.0
    is_band: bool = False
    best: int | None = None


class Plot(NamedTuple):
    """Hold curves of one metric.

    Attributes:
        title: what all of it shows.
        name: of the metric, beside the upright axis.
        along: what the horizontal axis counts: one of `Along`, seconds for time; a metric that
            was recorded beside; labels in active learning.
        lines: the curves, in the order of their legend.
        log: whether the upright axis is logarithmic.
        notes: sentences to be read below it, as what was left out.
    """

    title: str
    name: str
    along: str
    lines: Sequence[Line]
    log: bool = False
    notes: Sequence[str] = ()


def points(label: str, x: Sequence[float], y: Sequence[float], best: int | None = None) -> Line:
    """Return a curve of which each value is one point; what is not finite becomes NaN."""
    values = [value if math.isfinite(value) else math.nan for value in y]
    return Line(label, x, values, values, values, best=best)
