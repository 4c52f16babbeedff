"""Draw the value of each trial over each key alone."""

import math
from typing import TYPE_CHECKING

from stride.figures import add_legend, new_figure, scale_values
from stride.sweeps.report.plots.axis import Axis
from stride.sweeps.report.plots.parallel import axes_of
from stride.sweeps.report.plots.trials import BLUE, RED, Drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 4


def slices(drawn: Drawn) -> "Figure":
    """Return the figure."""
    axes_of_keys = axes_of(drawn)
    columns = min(_COLUMNS, len(axes_of_keys))
    rows = math.ceil(len(axes_of_keys) / columns)
    figure = new_figure(max(4.8, 2.7 * columns), 0.4 + 2.7 * rows)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for place, (key, axis) in enumerate(axes_of_keys.items()):
        axes = grid[place // columns][place % columns]
        _draw(axes, key, axis, drawn)
        if place % columns == 0:
            axes.set_ylabel(drawn.metric)
    for place in range(len(axes_of_keys), rows * columns):
        figure.delaxes(grid[place // columns][place % columns])
    _add_legend(figure, grid[0][0], drawn)
    return figure


def _add_legend(figure: "Figure", axes: "Axes", drawn: Drawn) -> None:
    name = f"best (trial {drawn.best_number()})"
    axes.plot([], [], "D", color=RED, markersize=6, label=name)
    name = f"done ({len(drawn.finite)})"
    axes.plot([], [], "o", color=BLUE, alpha=0.5, markersize=4, label=name)
    add_legend(figure)


def _draw(axes: "Axes", key: str, axis: Axis, drawn: Drawn) -> None:
    having = [one for one in drawn.finite if key in one.params]
    places = [axis.coordinate(one.params[key]) for one in having]
    values = [one.values[0] for one in having]
    axes.plot(places, values, "o", color=BLUE, alpha=0.5, markersize=4)
    if having and having[-1].number == drawn.best_number():
        axes.plot(places[-1], values[-1], "D", color=RED, markersize=6)
    axis.lay_along(axes)
    scale_values(axes, drawn.values)
