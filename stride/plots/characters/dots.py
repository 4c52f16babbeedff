"""Draw the curves of a plot as dots."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from stride.plots.characters.canvas import Canvas
from stride.plots.geometry.axes import Axes
from stride.plots.geometry.columns import Column
from stride.plots.geometry.scale import Scale
from stride.plots.plot import Line


class _Span(NamedTuple):
    """Hold the rows of a column in which a curve is, counted from the top."""

    column: int
    top: int
    bottom: int


def draw_lines(canvas: Canvas, axes: Axes, lines: Sequence[Line]) -> None:
    """Draw curves, the first above the others, and all of them above their bands.

    The dots in a column reach from the smallest value of its points to the largest. Columns in
    which a curve has no point, and those of one value, have a straight line through them.
    """
    pieces = [axes.columns(line, canvas.num_columns) for line in lines]
    drawn = [*enumerate(zip(lines, pieces, strict=True))][::-1]
    for curve, (line, parts) in drawn:
        if line.is_band:
            for part in parts:
                _draw_band(canvas, _spans(part, axes.y, canvas.num_rows, band=True), ~curve)
    for curve, (_, parts) in drawn:
        for part in parts:
            _draw_line(canvas, _spans(part, axes.y, canvas.num_rows), curve)


def row_of(value: float, scale: Scale, num_rows: int) -> int:
    """Return the row of a value, the last one where it has no place on the axis."""
    return _rows([value], scale, num_rows)[0]


def _rows(values: Sequence[float], scale: Scale, num_rows: int) -> list[int]:
    places = scale.places(values)
    last = num_rows - 1
    return [
        last - int(min(max(place, 0.0), 1.0) * last + 0.5) if place == place else last
        for place in places
    ]


def _spans(
    piece: Sequence[Column], scale: Scale, num_rows: int, *, band: bool = False
) -> list[_Span]:
    tops = _rows([one.top if band else one.high for one in piece], scale, num_rows)
    bottoms = _rows([one.bottom if band else one.low for one in piece], scale, num_rows)
    return [_Span(one.at, *ends) for one, *ends in zip(piece, tops, bottoms, strict=True)]


def _draw_line(canvas: Canvas, spans: Sequence[_Span], curve: int) -> None:
    for column, top, bottom in spans:
        for row in range(top, bottom + 1):
            canvas.dot(column, row, curve)
    for one, other in pairwise(spans):
        for column, row in _between(one, other):
            canvas.dot(column, row, curve)


def _between(one: _Span, other: _Span) -> Iterator[tuple[int, int]]:
    """Yield the dots of a straight line between two columns, which keep their own extremes."""
    start, end = _nearest_rows(one, other)
    across, down = other.column - one.column, end - start
    full = {span.column for span in (one, other) if span.top != span.bottom}
    steps = max(abs(across), abs(down))
    for step in range(1, steps):
        column = one.column + math.floor(across * step / steps + 0.5)
        if column not in full:
            yield column, start + math.floor(down * step / steps + 0.5)


def _nearest_rows(one: _Span, other: _Span) -> tuple[int, int]:
    """Return the rows of two columns that are nearest to each other."""
    if one.bottom < other.top:
        return one.bottom, other.top
    if other.bottom < one.top:
        return one.top, other.bottom
    row = (max(one.top, other.top) + min(one.bottom, other.bottom)) // 2
    return row, row


def _draw_band(canvas: Canvas, spans: Sequence[_Span], curve: int) -> None:
    """Draw of a band one dot in each character."""
    for column, top, bottom in _without_gaps(spans):
        for row in range(top, bottom + 1):
            if column % canvas.across == 0 and row % canvas.down == canvas.down // 2:
                canvas.dot(column, row, curve)


def _without_gaps(spans: Sequence[_Span]) -> Iterator[_Span]:
    yield from spans[:1]
    for one, other in pairwise(spans):
        width = other.column - one.column
        for step in range(1, width + 1):
            top, bottom = (
                round(first + (last - first) * step / width)
                for first, last in ((one.top, other.top), (one.bottom, other.bottom))
            )
            yield _Span(one.column + step, top, bottom)
