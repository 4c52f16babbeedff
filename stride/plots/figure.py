"""Draw a plot by matplotlib, for PNG and PDF files, as its SVG is drawn."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from stride.figures import COLOURS, GREY, add_legend, as_typed, new_figure
from stride.plots.geometry.axes import Axes
from stride.plots.geometry.ticks import Tick, ticks_along, value_ticks
from stride.plots.plot import Line, Plot
from stride.plots.words import best_words, remarks

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Drawing
    from matplotlib.figure import Figure

_DASHES: tuple[Any, ...] = ("-", (0, (7, 4)), (0, (2, 5)), (0, (12, 4, 2, 4)))
_MARGIN = 0.03  # of the height, above and below the curves


def plot_figure(plot: Plot) -> "Figure":
    """Return the figure.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    figure = new_figure(7.2, 4.4)
    drawing, axes = figure.subplots(), Axes.of(plot)
    for number, line in enumerate(plot.lines):
        _draw(drawing, line, plot.along, number)
    _lay_axes(drawing, plot, axes)
    drawing.set_title(as_typed(plot.title), loc="left", fontsize="medium", weight="bold")
    if notes := [*remarks(plot)]:
        figure.supxlabel(as_typed("\n".join(notes)), x=0.02, ha="left", fontsize=7, color=GREY)
    if plot.lines:
        add_legend(figure)
    return figure


def _draw(drawing: "Drawing", line: Line, along: str, number: int) -> None:
    colour = COLOURS[number % len(COLOURS)]
    style: dict[str, Any] = {"color": colour, "linewidth": 1.6}
    style["linestyle"] = _DASHES[number // len(COLOURS) % len(_DASHES)]
    drawing.plot(line.x, line.y, label=as_typed(line.label), **style)
    if list(line.low) != list(line.high):
        opacity = 0.18 if line.is_band else 0.35
        drawing.fill_between(line.x, line.low, line.high, color=colour, alpha=opacity, linewidth=0)
    if line.best is not None and best_words(line, along):
        ring: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": colour}
        drawing.plot(line.x[line.best], line.y[line.best], "o", markersize=7, **ring)


def _lay_axes(drawing: "Drawing", plot: Plot, axes: Axes) -> None:
    """Give a drawing the range of the axes and their ticks."""
    drawing.set(xlabel=plot.along, ylabel=as_typed(plot.name))
    if plot.log:
        drawing.set_yscale("log")
    drawing.set_xticks(*_marked(ticks_along(axes.x, plot.along, 8)))
    drawing.set_yticks(*_marked(value_ticks(axes.y, 8)))
    drawing.set_yticks([], minor=True)
    drawing.set_xlim(axes.x.low, axes.x.high)
    drawing.set_ylim(*_widened(axes, plot.log))


def _marked(ticks: Iterable[Tick]) -> Iterator[list[Any]]:
    values, texts = zip(*ticks, strict=True)
    yield from ([*values], [*texts])


def _widened(axes: Axes, log: bool) -> tuple[float, float]:
    if log:
        factor = (axes.y.high / axes.y.low) ** _MARGIN
        return axes.y.low / factor, axes.y.high * factor
    more = _MARGIN * (axes.y.high - axes.y.low)
    return axes.y.low - more, axes.y.high + more
