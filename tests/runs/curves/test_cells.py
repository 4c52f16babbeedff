"""Cells hold a curve of any length, and tell its extremes as they are."""

import math
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stride.plots.plot import Line
from stride.runs.curves.cells import FARTHEST, Cells

MOST = 8
NUMBERS = st.floats() | st.integers(-(10**6), 10**6)
STEPS = st.integers(0, 200) | st.floats(0, FARTHEST)


def folded(x: list[float], y: list[float], *, block: int = 3, width: float = 0.0) -> Line:
    """Return a curve of points that came so many at a time."""
    cells = Cells(MOST, width)
    for start in range(0, len(x), block):
        cells.add(x[start : start + block], y[start : start + block])
    return cells.line("one")


@given(
    st.lists(st.tuples(STEPS, NUMBERS), max_size=80), st.integers(1, 90), st.sampled_from([0, 1])
)
@example([(n, n) for n in range(80)], 7, 0)
@example([(n, math.nan if n % 2 else 1.7e308) for n in range(80)], 7, 0)
@example([(80 - n, 1.7e308) for n in range(80)], 90, 0)
@example([(n, math.inf * (-1) ** n) for n in range(80)], 5, 0)
@example([(n * 1e-300, n) for n in range(20)], 4, 0)
@example([(5, n) for n in range(80)], 7, 0)
@example([(0, 0.0)] * 7 + [(1.0, 5e-324)] * 2, 1, 0)
@example([(FARTHEST - n % 3 / 2048, n) for n in range(20)], 4, 0)
def test_each_cell_tells_of_its_points_alone(
    pairs: list[tuple[float, float]], block: int, width: float
) -> None:
    x, y = [one for one, _ in pairs], [one for _, one in pairs]
    line = folded(x, y, block=block, width=width)
    if not line.cell:
        assert list(line.x) == sorted(x) and list(line.low) == list(line.y) == list(line.high)
        kept = sorted((a, b) for a, b in pairs if math.isfinite(b))
        assert sorted((a, b) for a, b in zip(line.x, line.y, strict=True) if b == b) == kept
        return
    assert len(line.x) <= MOST and math.frexp(line.cell)[0] == 0.5
    places = [math.floor(one / line.cell) for one in line.x]
    assert all(one < other for one, other in pairwise(places))
    assert {*places} == {math.floor(one / line.cell) for one in x}
    for at, place in enumerate(places):
        own = [(a, b) for a, b in pairs if math.floor(a / line.cell) == place]
        finite = [b for _, b in own if math.isfinite(b)]
        assert line.x[at] == min(a for a, _ in own)
        if not finite:
            assert all(math.isnan(one[at]) for one in (line.y, line.low, line.high))
            continue
        assert (line.low[at], line.high[at]) == (min(finite), max(finite))
        mean = math.fsum(b / len(finite) for b in finite)
        near = max(1e-12 * max(map(abs, finite)), 1e-320)  # of denormals no digit is sure
        assert line.y[at] == pytest.approx(mean, rel=1e-12, abs=near)


def test_points_that_fit_stay_as_they_are() -> None:
    line = folded([3, 5, 9], [1.0, math.inf, 2])
    assert (line.x, line.cell) == ([3, 5, 9], 0.0)
    assert line.y[0] == 1.0 and math.isnan(line.y[1]) and line.y[2] == 2


def test_one_point_in_each_cell_is_a_curve_of_points() -> None:
    assert folded([1, 2, 3], [4, 5, 6], width=1.0) == Line("one", [1, 2, 3], *[[4, 5, 6]] * 3)
    together = folded([1, 1, 2], [4, 8, 6], width=1.0)
    assert together == Line("one", [1, 2], [6, 6], [4, 6], [8, 6], cell=1.0)


def test_what_is_held_does_not_grow_with_the_points() -> None:
    cells = Cells()
    for start in range(0, 10**6, 10_000):
        cells.add(range(start, start + 10_000), range(10_000))
    line = cells.line("one")
    assert 2048 <= len(line.x) <= 4096 and line.cell == 256
    assert (min(line.low), max(line.high)) == (0, 9_999)
    assert not cells._x and len(cells._cells) == len(line.x)


def test_cells_of_several_curves_lie_on_one_grid() -> None:
    short, long = folded([*range(20)], [*range(20)]), folded([*range(90)], [*range(90)])
    assert (short.cell, long.cell) == (4, 16)
    assert not any(x % 4 for x in short.x) and not any(x % 16 for x in long.x)
