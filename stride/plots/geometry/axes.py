"""Find the axes on which all curves of a plot lie, and what is to be said about them."""

import math
from itertools import chain
from typing import NamedTuple

from stride.plots.geometry.columns import Column, columns
from stride.plots.geometry.scale import Scale, linear_scale, log_scale
from stride.plots.plot import Line, Plot


class Axes(NamedTuple):
    """Hold the axes of a plot.

    Attributes:
        x: the horizontal one.
        y: the upright one.
        cell: width of the widest cells of its curves, whose borders those of columns are.
    """

    x: Scale
    y: Scale
    cell: float

    @classmethod
    def of(cls, plot: Plot) -> "Axes":
        """Return those on which all curves of a plot have a place."""
        cell = max((line.cell for line in plot.lines), default=0.0)
        along = [_begin(x, cell) for line in plot.lines for x in line.x]
        x = linear_scale(along, least=1e-3 if plot.along == "time" else 1.0)
        return cls(x, _upright(plot), cell)

    def columns(self, line: Line, count: int) -> list[list[Column]]:
        """Return the columns of a curve in its pieces, where so many columns are side by side.

        The points of a cell are in one column, which is that of the cell's beginning. A band that
        is wider than the axis ends at its edges.
        """
        last = count - 1
        places = self.x.places(_begin(x, self.cell) for x in line.x)
        at = [int(min(max(place, 0.0), 1.0) * last + 0.5) for place in places]
        pieces = columns(line, at, above=self.y.above)
        for column in chain.from_iterable(pieces):
            column.bottom = max(column.bottom, self.y.low)
            column.top = min(column.top, self.y.high)
        return pieces


def _begin(x: float, cell: float) -> float:
    return math.floor(x / cell) * cell if cell else x


def _upright(plot: Plot) -> Scale:
    """Return an axis on which all curves lie, and as much of their bands as flattens no curve."""
    middles = [y for line in plot.lines if line.is_band for y in line.y]
    plain = [y for line in plot.lines if not line.is_band for y in (*line.low, *line.high)]
    bands = [y for line in plot.lines if line.is_band for y in (*line.low, *line.high)]
    shown = [y for y in (*middles, *plain) if math.isfinite(y) and (y > 0 or not plot.log)]
    if bands and shown and min(shown) < max(shown):
        least, most = _room(min(shown), max(shown), log=plot.log)
        bands = [min(max(y, least), most) for y in bands]
    return (log_scale if plot.log else linear_scale)([*shown, *bands])


def _room(low: float, high: float, *, log: bool) -> tuple[float, float]:
    """Return between what bands are shown, around curves between two values."""
    if log:
        factor = math.sqrt(high / low)
        return low / factor, high * factor
    beyond = high / 2 - low / 2
    return low - beyond, high + beyond
