"""Draw a plot by matplotlib, for PNG and PDF files, as its SVG is drawn."""

import math
from collections.abc import Iterable
from textwrap import fill
from typing import TYPE_CHECKING, Any

from stride.figures import COLOURS, GREY, as_typed, new_figure
from stride.plots.geometry.axes import Axes
from stride.plots.geometry.scale import Scale
from stride.plots.geometry.spread import spread
from stride.plots.geometry.ticks import Tick, ticks_along, value_ticks
from stride.plots.plot import Line, Plot
from stride.plots.words import best_words, last_point, remarks
from stride.tables.text import width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Drawing
    from matplotlib.figure import Figure

_DASHES: tuple[Any, ...] = ("-", (0, (7, 4)), (0, (2, 5)), (0, (12, 4, 2, 4)))
_MARGIN = 0.03  # of the height, above and below the curves
_GAP = 0.055  # from one label to the next, likewise
_LONGEST = 30  # of a label beside a curve, in letters
_LETTERS = 120  # in a line of notes


def plot_figure(plot: Plot) -> "Figure":
    """Return the figure: curves lie in it by their places on the axes, from 0 to 1.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    figure = new_figure(7.2, 4.4)
    drawing, axes = figure.subplots(), Axes.of(plot)
    for number, line in enumerate(plot.lines):
        _draw(drawing, line, axes, plot.along, number)
    drawing.set(xlabel=plot.along, ylabel=as_typed(plot.name))
    drawing.set_xticks(*_marked(axes.x, ticks_along(axes.x, plot.along, 8)))
    drawing.set_yticks(*_marked(axes.y, value_ticks(axes.y, 8)))
    drawing.set(xlim=(0, 1), ylim=(-_MARGIN, 1 + _MARGIN))
    drawing.set_title(as_typed(plot.title), loc="left", fontsize="medium", weight="bold")
    if notes := [fill(as_typed(note), _LETTERS) for note in remarks(plot)]:
        figure.supxlabel("\n".join(notes), x=0.02, ha="left", fontsize=7, color=GREY)
    _add_labels(figure, drawing, plot, axes)
    return figure


def _draw(drawing: "Drawing", line: Line, axes: Axes, along: str, number: int) -> None:
    x, y = axes.x.places(line.x), axes.y.places(line.y)
    colour = COLOURS[number % len(COLOURS)]
    dashes = _DASHES[number // len(COLOURS) % len(_DASHES)]
    single = "o" if len(x) == 1 else None
    style: dict[str, Any] = {"color": colour, "linewidth": 1.6, "linestyle": dashes}
    drawing.plot(x, y, label=as_typed(line.label), marker=single, **style)
    if [*line.low] != [*line.high]:
        low, high = (_ends(axes.y.places(side), y) for side in (line.low, line.high))
        opacity = 0.18 if line.is_band else 0.35
        drawing.fill_between(x, low, high, color=colour, alpha=opacity, linewidth=0)
    if line.best is not None and best_words(line, along) and math.isfinite(y[line.best]):
        ring: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": colour}
        drawing.plot(x[line.best], y[line.best], "o", markersize=7, clip_on=False, **ring)


def _ends(places: Iterable[float], y: Iterable[float]) -> list[float]:
    """Return where a band ends: beyond an edge where it has no place, nowhere without a value."""
    pairs = zip(places, y, strict=True)
    return [
        min(max(one, -1.0), 2.0) if one == one else -1.0 if value == value else math.nan
        for one, value in pairs
    ]


def _marked(scale: Scale, ticks: Iterable[Tick]) -> tuple[list[float], list[str]]:
    marks = [*ticks]
    return scale.places(one.value for one in marks), [one.text for one in marks]


def _add_labels(figure: "Figure", drawing: "Drawing", plot: Plot, axes: Axes) -> None:
    """Write labels beside the ends of their curves, or below all where they are long."""
    widest = max((width_of(as_typed(line.label)) for line in plot.lines), default=0)
    if widest > _LONGEST:
        across = max(_LETTERS // (widest + 8), 1)
        figure.legend(frameon=False, loc="outside lower left", ncols=across, fontsize="small")
        return
    ends = axes.y.places(last_point(line, axes.y.above)[1] for line in plot.lines)
    seen = [(number, end) for number, end in enumerate(ends) if end == end]
    rows = spread([end for _, end in seen], _GAP, 0, 1)
    for (number, _), row in zip(seen, rows, strict=True):
        label, colour = as_typed(plot.lines[number].label), COLOURS[number % len(COLOURS)]
        drawing.plot([1.01, 1.04], [row, row], color=colour, linewidth=1.6, clip_on=False)
        drawing.text(1.05, row, label, va="center", fontsize="small")
