"""Lay out the axes and labels around curves that are drawn with characters."""

import math
from collections.abc import Iterator
from string import ascii_letters
from typing import NamedTuple

from stride.plots.characters.canvas import Braille, Canvas, Cell, Characters
from stride.plots.characters.dots import draw_lines, row_of
from stride.plots.geometry.axes import Axes
from stride.plots.geometry.scale import Scale
from stride.plots.geometry.spread import spread
from stride.plots.geometry.ticks import Tick, ticks_along, value_ticks
from stride.plots.plot import Plot
from stride.plots.words import last_point
from stride.tables.text import width_of

_ROWS_OF_MARK = 4


class Signs(NamedTuple):
    """Hold the characters around curves."""

    side: str
    mark: str
    corner: str
    below: str
    mark_below: str
    best: str


BOXES = Signs("│", "┤", "└", "─", "┬", "★")
ASCII = Signs("|", "+", "+", "-", "+", "@")


def keys(curve: int) -> str:
    """Return the letter of a curve."""
    return ascii_letters[curve % len(ascii_letters)]


def text(words: str) -> list[Cell]:
    """Return words of no curve."""
    return [Cell(words, None)] if words else []


class Sheet(NamedTuple):
    """Hold what is drawn, and its sizes in characters.

    Attributes:
        plot: what is drawn.
        axes: its axes.
        signs: the characters around it.
        marks: what is written beside the upright axis.
        labels: what stands right of the curves, by its row.
        left: how much is left of the upright axis.
        width: of the curves.
        num_rows: of the curves.
        right: how much is right of the curves.
    """

    plot: Plot
    axes: Axes
    signs: Signs
    marks: list[Tick]
    labels: dict[int, list[Cell]]
    left: int
    width: int
    num_rows: int
    right: int

    @classmethod
    def of(cls, plot: Plot, width: int, num_rows: int, signs: Signs, *, keyed: bool) -> "Sheet":
        """Return what fills a width and a number of rows.

        Args:
            plot: what is drawn.
            width: of all, in characters.
            num_rows: of the curves alone.
            signs: the characters around them.
            keyed: whether letters stand for labels.
        """
        axes = Axes.of(plot)
        marks = value_ticks(axes.y, max(num_rows // _ROWS_OF_MARK, 2))
        labels = _labels(plot, axes.y, num_rows, keyed=keyed, lettered=signs is ASCII)
        left = max(len(plot.along), *(len(one.text) for one in marks)) + 1
        right = max((sum(width_of(one.text) for one in row) for row in labels.values()), default=0)
        inner = width - left - 1 - right
        return cls(plot, axes, signs, marks, labels, left, inner, num_rows, right)

    def rows(self) -> Iterator[list[Cell]]:
        """Yield the rows of the curves, of the horizontal axis and of its marks."""
        marks = {self._row(one.value): one.text for one in self.marks}
        for row, cells in enumerate(self._curves()):
            sign = self.signs.mark if row in marks else self.signs.side
            beside = f"{marks.get(row, ''):>{self.left - 1}} {sign}"
            yield [*text(beside), *cells, *self.labels.get(row, [])]
        yield from self._below()

    def _row(self, value: float) -> int:
        return row_of(value, self.axes.y, self.num_rows)

    def _column(self, x: float) -> int:
        (place,) = self.axes.x.places([x])
        return int(min(max(place, 0.0), 1.0) * (self.width - 1) + 0.5)

    def _curves(self) -> list[list[Cell]]:
        canvas = self._canvas()
        draw_lines(canvas, self.axes, self.plot.lines)
        rows = canvas.rows()
        for curve, line in enumerate(self.plot.lines):
            if line.best is not None and math.isfinite(line.y[line.best]):
                row, column = self._row(line.y[line.best]), self._column(line.x[line.best])
                rows[row][column] = Cell(self.signs.best, curve)
        return rows

    def _canvas(self) -> Canvas:
        if self.signs is BOXES:
            return Braille(self.width, self.num_rows)
        marks = ascii_letters if len(self.plot.lines) > 1 else "*"
        return Characters(self.width, self.num_rows, marks)

    def _below(self) -> Iterator[list[Cell]]:
        """Yield the horizontal axis, and as many marks below it as there is room for."""
        for most in range(max(self.width // 6, 1), 0, -1):
            marks = ticks_along(self.axes.x, self.plot.along, most)
            words = self._words(marks)
            if words:
                break
        places = {self._column(one.value) for one in marks}
        signs = [self.signs.below, self.signs.mark_below]
        line = "".join(signs[at in places] for at in range(self.width))
        yield text(" " * self.left + self.signs.corner + line)
        yield text(words or f"{self.plot.along:>{self.left - 1}}")

    def _words(self, marks: list[Tick]) -> str:
        """Return the words below their marks; empty where two of them would touch."""
        line = f"{self.plot.along:>{self.left - 1}}"
        least = self.left
        for one in marks:
            size = len(one.text)
            start = self.left + 1 + self._column(one.value) - size // 2
            start = min(max(start, self.left), self.left + 1 + self.width + self.right - size)
            if start < least:
                return ""
            line = f"{line:{start}}{one.text}"
            least = len(line) + 2
        return line


def _labels(
    plot: Plot, scale: Scale, num_rows: int, *, keyed: bool, lettered: bool
) -> dict[int, list[Cell]]:
    """Return labels by their rows, as near to the ends of their curves as there is room."""
    ends = scale.places(last_point(line, scale.above)[1] for line in plot.lines)
    seen = [(curve, end) for curve, end in enumerate(ends) if math.isfinite(end)]
    rows = spread([(1 - end) * (num_rows - 1) for _, end in seen], 1, 0, num_rows - 1)
    found: dict[int, list[Cell]] = {}
    for (curve, _), row in zip(seen, rows, strict=True):
        words = keys(curve) if keyed else plot.lines[curve].label
        words = f"{keys(curve)} {words}" if lettered and not keyed and len(ends) > 1 else words
        found.setdefault(math.floor(row + 0.5), text(" ")).append(Cell(words, curve))
    return found
