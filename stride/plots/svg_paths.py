"""Write curves as paths of SVG, in few characters."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from stride.plots.geometry.axes import Axes
from stride.plots.geometry.columns import Column
from stride.plots.plot import Line

PARTS = 10
"""How many units of a path a pixel has: whole numbers are short."""
_FEW = 40  # of so many points each is marked

Point = tuple[int, int]


class Area(NamedTuple):
    """Hold where curves are drawn, in pixels.

    Attributes:
        left: its left edge.
        top: its upper edge.
        width: of it.
        height: likewise.
    """

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Return its right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Return its lower edge."""
        return self.top + self.height

    def x(self, place: float) -> float:
        """Return where a place on the horizontal axis is."""
        return self.left + place * self.width

    def y(self, place: float) -> float:
        """Return where a place on the upright axis is; what has none is at the lower edge."""
        return self.top + (1 - (place if place == place else 0.0)) * self.height


class Paths(NamedTuple):
    """Hold the paths of a curve.

    Attributes:
        line: through its values, or the means of those in one pixel.
        around: from the lower end of a band to its upper one, or from the smallest value in a
            pixel to the largest; empty where these are the same.
        marks: a point for each of a few values, and for those that stand alone.
    """

    line: str
    around: str
    marks: str


def paths(line: Line, axes: Axes, area: Area) -> Paths:
    """Return the paths of a curve; of a long one each pixel has its own extremes.

    Args:
        line: the curve.
        axes: on which it lies.
        area: where these are.
    """
    long = len(line.x) > area.width
    count = round(area.width * (1 if long else PARTS)) + 1
    pieces = axes.columns(line, count)
    middles = [_points(piece, [one.mean for one in piece], axes, area, count) for piece in pieces]
    arounds = [
        _around(piece, axes, area, count)
        for piece in pieces
        if any(one.bottom < one.top for one in piece)
    ]
    few = sum(map(len, pieces)) <= _FEW
    marked = [point for each in middles if few or len(each) == 1 for point in each]
    return Paths(
        "".join(map(_path, middles)),
        "".join(f"{_path(each)}z" for each in arounds),
        "".join(f"M{x} {y}h0" for x, y in marked),
    )


def _around(piece: Sequence[Column], axes: Axes, area: Area, count: int) -> list[Point]:
    tops = _points(piece, [one.top for one in piece], axes, area, count)
    bottoms = _points(piece, [one.bottom for one in piece], axes, area, count)
    return [*tops, *reversed(bottoms)]


def _points(
    piece: Sequence[Column], values: Iterable[float], axes: Axes, area: Area, count: int
) -> list[Point]:
    places = zip(piece, axes.y.places(values), strict=True)
    return [
        (round(PARTS * area.x(one.at / (count - 1))), round(PARTS * area.y(y))) for one, y in places
    ]


def _path(points: Sequence[Point]) -> str:
    """Return straight lines from point to point, each told by its distance from the one before."""
    (x, y), *_ = points
    steps = " ".join(f"{c - a} {d - b}" for (a, b), (c, d) in pairwise(points))
    return f"M{x} {y}" + (f"l{steps}".replace(" -", "-") if steps else "")
