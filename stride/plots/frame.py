"""Lay out in pixels what is around the curves of a plot."""

from collections.abc import Iterable
from textwrap import wrap
from typing import NamedTuple

from stride.plots.geometry.axes import Axes
from stride.plots.geometry.ticks import Tick, ticks_along, value_ticks
from stride.plots.plot import Plot
from stride.plots.svg_paths import Area
from stride.plots.words import remarks
from stride.tables.text import cut, width_of
from stride.visible import visible

EDGE = 16  # around everything
LINE = 19  # from one line of words to the next; the letters' size in a narrow page
_LETTER = 0.58 * LINE  # the width of one, about
_BESIDE = 0.35  # the share of the width that labels may take
_SWATCH = 24  # before a label
_HEAD, _FOOT = 3 * LINE, 2.9 * LINE


class Frame(NamedTuple):
    """Hold where things are.

    Attributes:
        width: of all.
        height: of all.
        title: as much of it as fits.
        axes: of the plot.
        area: where the curves are.
        marks: beside the upright axis.
        marks_along: below the horizontal one.
        labels: as much of each as fits.
        beside: whether they stand at the ends of their curves, and not below all.
        notes: lines of words below.
    """

    width: int
    height: int
    title: str
    axes: Axes
    area: Area
    marks: list[Tick]
    marks_along: list[Tick]
    labels: list[str]
    beside: bool
    notes: list[str]

    @classmethod
    def of(cls, plot: Plot, width: int, height: int) -> "Frame":
        """Return the frame of a plot: as high as said, or as labels and notes need it."""
        letters = int((width - 2 * EDGE) / _LETTER)
        axes = Axes.of(plot)
        labels = [visible(line.label) for line in plot.lines]
        beside = _widest(labels) <= _BESIDE * width
        notes = [part for one in remarks(plot) for part in wrap(visible(one), letters)]
        foot = _FOOT + LINE * (len(notes) + (0 if beside else len(labels)))
        inner = max(height - _HEAD - foot, LINE * max(len(labels) * beside, 10))
        marks = value_ticks(axes.y, max(int(inner / 55), 2))
        left = EDGE + _widest(one.text for one in marks) + 8
        right = EDGE + (_SWATCH + _widest(labels) if beside and labels else 0)
        area = Area(left, _HEAD, width - left - right, inner)
        return cls(
            width,
            round(inner + _HEAD + foot),
            cut(visible(plot.title), letters),
            axes,
            area,
            marks,
            _marks_along(plot, axes, area.width),
            [cut(label, letters - 3) for label in labels],
            beside,
            notes,
        )


def _widest(texts: Iterable[str]) -> float:
    return max((width_of(one) for one in texts), default=0) * _LETTER


def _marks_along(plot: Plot, axes: Axes, width: float) -> list[Tick]:
    """Return as many marks as have room beside each other."""
    for most in range(10, 0, -1):
        marks = ticks_along(axes.x, plot.along, most)
        if (_widest(one.text for one in marks) + LINE) * len(marks) <= width:
            break
    return marks
