"""Find the axes on which all curves of a plot lie, and what is to be said about them."""

import math
from typing import NamedTuple

from stride.plots.geometry.columns import Column, columns
from stride.plots.geometry.scale import Scale, linear_scale, log_scale
from stride.plots.plot import Line, Plot

_DECADE = 10.0  # how far below the curves bands are shown on a logarithmic axis


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

        The points of a cell are in one column, which is that of the cell's beginning.
        """
        last = count - 1
        places = self.x.places(_begin(x, self.cell) for x in line.x)
        at = [int(min(max(place, 0.0), 1.0) * last + 0.5) for place in places]
        return columns(line, at, above=self.y.above)


def _begin(x: float, cell: float) -> float:
    return math.floor(x / cell) * cell if cell else x


def _upright(plot: Plot) -> Scale:
    lows = [low for line in plot.lines for low in line.low]
    highs = [high for line in plot.lines for high in line.high]
    if not plot.log:
        return linear_scale([*lows, *highs])
    middles = [y for line in plot.lines for y in line.y if y > 0]
    least = min(middles, default=0.0) / _DECADE
    bounds = [max(low, least) for line in plot.lines if line.is_band for low in line.low]
    plain = [low for line in plot.lines if not line.is_band for low in line.low]
    return log_scale([*bounds, *plain, *highs])
