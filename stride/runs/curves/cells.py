"""Fold a curve into cells as its points come: once over them, in memory that does not grow."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from stride.plots.plot import Line, points

MOST = 4096
"""Points of a curve that stay as they are, and cells of a longer one."""

FARTHEST = 2.0**40
"""Where a point may be at most: so each place in cells is a number without a fraction."""

_NARROWEST = 2.0**-10


class _Cell(NamedTuple):
    """Hold the points of one place.

    Attributes:
        x: of the first.
        points: how many there are.
        finite: how many of them are finite.
        mean: of those; 0 of none.
        low: the smallest of those.
        high: the largest.
    """

    x: float
    points: int
    finite: int
    mean: float
    low: float
    high: float


class Cells:
    """Take the points of a curve, and give the curve.

    Places are of one width, a power of two, and begin at multiples of it. Where they become too
    many each two of them become one: smallest and largest value stay those of the points, and the
    mean is rounded a few times.

    Args:
        most: points that stay as they are, and cells of more of them.
        width: of the cells to begin with; 0 where points stay as they are while they fit.
    """

    def __init__(self, most: int = MOST, width: float = 0.0) -> None:
        self._most, self._width = most, width
        self._x: list[float] = []
        self._y: list[float] = []
        self._cells: dict[int, _Cell] = {}

    def add(self, x: Sequence[float], y: Sequence[float]) -> None:
        """Take some further points.

        Args:
            x: where, from 0 to FARTHEST; in ascending order, as a rule.
            y: the value at each.
        """
        if self._width:
            self._fold(x, y)
            return
        self._x += x
        self._y += y
        if len(self._x) > self._most:
            self._width = _width_for(max(self._x) - min(self._x), self._most // 2)
            self._fold(self._x, self._y)
            self._x, self._y = [], []

    def _fold(self, x: Sequence[float], y: Sequence[float]) -> None:
        x, y = ascending(x, y)
        width, start = self._width, 0
        while start < len(x):
            place = math.floor(x[start] / width)
            end = bisect_left(x, (place + 1) * width, start)
            self._put(place, _cell(x[start], y[start:end]))
            start = end
        while len(self._cells) > self._most:
            self._width *= 2
            cells, self._cells = self._cells, {}
            for place, cell in cells.items():
                self._put(place // 2, cell)

    def _put(self, place: int, cell: _Cell) -> None:
        there = self._cells.get(place)
        self._cells[place] = cell if there is None else _both(there, cell)

    def line(self, label: str) -> Line:
        """Return the curve so far: of points where no two are in one cell."""
        if not self._width:
            return points(label, *ascending(self._x, self._y))
        cells = [_shown(cell) for _, cell in sorted(self._cells.items())]
        x, y = [cell.x for cell in cells], [cell.mean for cell in cells]
        low, high = [cell.low for cell in cells], [cell.high for cell in cells]
        width = self._width if any(cell.points > 1 for cell in cells) else 0.0
        return Line(label, x, y, low, high, width)


def ascending(x: Sequence[float], y: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    """Return points by their place; those of one place stay in their order."""
    in_order = sorted(x)
    if in_order == x:
        return x, y
    order = sorted(range(len(x)), key=x.__getitem__)
    return in_order, [y[at] for at in order]


def _width_for(span: float, most: int) -> float:
    """Return the smallest power of two of which so many cells cover a span; 1 for a point."""
    return max(_NARROWEST, 2.0 ** math.ceil(math.log2(span / most))) if span else 1.0


def _cell(x: float, y: Sequence[float]) -> _Cell:
    try:
        total = math.fsum(y)
    except (OverflowError, ValueError):  # beyond all floats, or infinities of both signs
        total = math.inf
    if math.isfinite(total):
        return _Cell(x, len(y), len(y), total / len(y), min(y), max(y))
    finite = [value for value in y if math.isfinite(value)]
    mean = math.fsum(value / len(finite) for value in finite)
    low, high = min(finite, default=math.inf), max(finite, default=-math.inf)
    return _Cell(x, len(y), len(finite), mean, low, high)


def _shown(cell: _Cell) -> _Cell:
    return cell if cell.finite else cell._replace(mean=math.nan, low=math.nan, high=math.nan)


def _both(one: _Cell, other: _Cell) -> _Cell:
    finite = one.finite + other.finite
    share = one.finite / max(finite, 1)  # of means, not of sums: those could overflow
    return _Cell(
        min(one.x, other.x),
        one.points + other.points,
        finite,
        one.mean * share + other.mean * (1 - share),
        min(one.low, other.low),
        max(one.high, other.high),
    )
