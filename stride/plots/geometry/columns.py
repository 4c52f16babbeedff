"""Gather the points of a curve that fall into one column of what is drawn."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stride.plots.plot import Line


@dataclass(slots=True)
class Column:
    """Hold what a column of a drawing shows of one curve.

    Attributes:
        at: which column it is.
        num_points: how many points or cells it has.
        low: the smallest of their values; of a band that of the values in its middle.
        high: the largest.
        bottom: where a band begins; low where there is none.
        top: where it ends.
        mean: of the values.
    """

    at: int
    num_points: int
    low: float
    high: float
    bottom: float
    top: float
    mean: float


def columns(line: Line, at: Sequence[int], *, above: float = -math.inf) -> list[list[Column]]:
    """Return the columns of a curve in the pieces into which missing values break it.

    Args:
        line: the curve.
        at: the column of each of its places.
        above: values that are not above this one are missing, as on a logarithmic axis.
    """
    pieces: list[list[Column]] = []
    column, broken = None, True
    for place, y, low, high in zip(at, line.y, line.low, line.high, strict=True):
        if not y > above:
            broken = True
            continue
        inner = (y, y) if line.is_band else (low, high)
        if column is not None and column.at == place:
            _add(column, y, *inner, low, high)
        else:
            column = Column(place, 1, *inner, low, high, y)
            if broken:
                pieces.append([])
            pieces[-1].append(column)
        broken = False
    return pieces


def _add(column: Column, value: float, low: float, high: float, bottom: float, top: float) -> None:
    column.num_points += 1
    column.mean += value / column.num_points - column.mean / column.num_points  # no sum overflows
    column.low, column.high = min(column.low, low), max(column.high, high)
    column.bottom, column.top = min(column.bottom, bottom), max(column.top, top)
