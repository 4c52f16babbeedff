"""Curves as dots: each column reaches from the smallest value of its points to the largest."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stride.plots.characters.canvas import Braille, Characters
from stride.plots.characters.dots import draw_lines
from stride.plots.geometry.axes import Axes
from stride.plots.plot import Line, Plot, points

BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


def in_cells(values, cell):
    """Return a curve in cells, as one reads it from a long file; a point lies at each number."""
    parts = [values[start : start + cell] for start in range(0, len(values), cell)]
    kept = [[one for one in part if math.isfinite(one)] or [math.nan] for part in parts]
    means = [math.fsum(part) / len(part) for part in kept]
    starts = [float(cell * at) for at in range(len(parts))]
    return Line("a", starts, means, [*map(min, kept)], [*map(max, kept)], cell=float(cell))


def dots(line, width, height, *, log=False):
    """Return the rows of the dots in each column, and the axes."""
    axes = Axes.of(Plot("t", "m", "step", [line], log=log))
    canvas = Braille(width, height)
    draw_lines(canvas, axes, [line])
    rows = canvas.rows()
    found = {
        column: {
            row
            for row in range(4 * height)
            if ord(rows[row // 4][column // 2].text) & 0xFF & BITS[column % 2][row % 4]
            and rows[row // 4][column // 2].curve is not None
        }
        for column in range(2 * width)
    }
    return found, axes


def expected(values, cell, axes, width, height):
    """Return by columns the rows of the extremes of all points, one by one."""
    last_column, last_row = 2 * width - 1, 4 * height - 1
    found: dict[int, list[int]] = {}
    for x, value in enumerate(values):
        if math.isfinite(value):
            begin = x // cell * cell
            at = (begin - axes.x.low) / (axes.x.high - axes.x.low)
            place = (value - axes.y.low) / (axes.y.high - axes.y.low)
            row = last_row - math.floor(place * last_row + 0.5)
            found.setdefault(math.floor(at * last_column + 0.5), []).append(row)
    return {column: {*range(min(rows), max(rows) + 1)} for column, rows in found.items()}


VALUES = st.lists(st.integers(-1000, 1000) | st.just(math.nan), min_size=1, max_size=300)


@given(VALUES, st.sampled_from([1, 2, 8, 32]), st.integers(1, 30), st.integers(1, 9))
def test_a_column_has_the_extremes_of_all_its_points(values, cell, width, height):
    found, axes = dots(in_cells(values, cell), width, height)
    for column, rows in expected(values, cell, axes, width, height).items():
        if len(rows) > 1:
            assert found[column] == rows
        else:
            assert rows <= found[column]


def test_a_cell_is_in_the_column_of_its_beginning():
    """Its first value lies behind that, where those before are missing."""
    late = Line("a", [0.0, 14.0, 16.0], [1, 2, 3], [1, 2, 3], [1, 2, 3], cell=8.0)
    pieces = Axes.of(Plot("t", "m", "step", [late])).columns(late, 17)
    assert [column.at for column in pieces[0]] == [0, 8, 16]


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=40))
def test_a_curve_is_one_line(values):
    """From column to column no row between the dots is left out."""
    found, _ = dots(points("a", range(len(values)), values), 40, 9)
    for column in range(79):
        here, there = found[column], found[column + 1]
        assert here and min(here) - 1 <= max(there) and min(there) - 1 <= max(here)


def test_missing_values_break_a_curve():
    found, _ = dots(points("a", range(5), [0, 1, math.nan, 1, 0]), 8, 2)
    assert [column for column, rows in found.items() if not rows] == [5, 6, 7, 8, 9, 10]


def test_what_is_not_above_0_is_missing_on_a_logarithmic_axis():
    found, axes = dots(points("a", range(5), [1, 100, 0, -5, 1]), 8, 2, log=True)
    assert axes.y[:2] == (1, 100)
    assert [column for column, rows in found.items() if not rows] == [*range(5, 15)]


@pytest.mark.parametrize("high", [5e-324, 1e-300, 1.0, 1.7e308])
def test_any_height_is_drawn(high):
    found, _ = dots(points("a", [0, 1], [-high, high]), 4, 4)
    assert found[0] and found[7]
    assert high < 1e-300 or (max(found[0]), min(found[7])) == (15, 0)


def test_the_band_is_behind_and_the_first_curve_before_the_others():
    band = Line("b", [0, 1], [0, 0], [-1, -1], [1, 1], is_band=True)
    lines = [points("a", [0, 1], [0, 0]), band]
    canvas = Characters(9, 5, "ab")
    draw_lines(canvas, Axes.of(Plot("t", "m", "step", lines)), lines)
    rows = canvas.rows()
    assert ["".join(cell.text for cell in row) for row in rows] == [
        "." * 9,
        "." * 9,
        "a" * 9,
        "." * 9,
        "." * 9,
    ]
    assert rows[0][0].curve == ~1 and rows[2][0].curve == 0
