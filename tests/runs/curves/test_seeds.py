"""The mean over seeds is taken where they have values, point by point or cell by cell."""

import math

import pytest

from stride.plots.plot import Line, points
from stride.runs.curves.cells import Cells
from stride.runs.curves.seeds import mean_line, remarks
from stride.stats.intervals import t_interval


def test_points_at_the_same_places_have_a_mean_and_its_interval() -> None:
    values = [[1.0, 4.0], [2.0, 5.0], [6.0, 6.0]]
    mean = mean_line("m", [points(str(n), [10, 20], y) for n, y in enumerate(values)])
    assert (mean.x, mean.cell, mean.is_band) == ([10, 20], 0.0, True)
    assert list(mean.y) == [3.0, 5.0]
    for at in (0, 1):
        assert (mean.low[at], mean.high[at]) == t_interval([one[at] for one in values])


def test_where_a_run_has_ended_the_others_go_on_and_it_is_told() -> None:
    lines = [points("a", [1, 2, 3], [1, 2, 3]), points("b", [1], [3]), points("c", [1, 2], [2, 4])]
    mean = mean_line("m", lines)
    assert list(mean.y) == [2, 3, 3] and mean.low[2] == mean.high[2] == 3
    assert [*remarks(mean, lines, "step")] == ["m: after step 1 the mean is of 2 runs at most"]
    assert [*remarks(mean, lines[:2], "step")] == ["m: after step 1 the mean is of one run"]
    assert [*remarks(mean, lines[:1] * 2, "step")] == []


def test_where_a_run_is_not_finite_there_is_no_mean() -> None:
    lines = [points("a", [1, 2], [1, math.inf]), points("b", [1, 2], [3, 4])]
    mean = mean_line("m", lines)
    assert mean.y[0] == 2 and math.isnan(mean.y[1]) and math.isnan(mean.low[1])
    assert [*remarks(mean, lines, "step")] == ["m: there is no mean where a run is not finite"]


def test_points_at_different_places_are_averaged_cell_by_cell() -> None:
    early = points("a", [0.5, 3.5, 6.5, 9.5], [1, 2, 3, 4])
    late = points("b", [1.0, 4.5, 7.0, 11.0], [3, 4, 5, 6])
    mean = mean_line("m", [early, late])
    assert mean.cell == 4.0  # the next power of two above 3.3
    assert list(mean.x) == [0.5, 4.5, 9.5] and list(mean.y) == [2.25, 3.75, 5.0]


def test_cells_of_long_curves_are_averaged_in_the_widest() -> None:
    def long(count: int, value: float) -> Line:
        cells = Cells(most=8)
        cells.add([*range(count)], [value] * count)
        return cells.line("one")

    lines = [long(20, 1.0), long(60, 3.0)]
    assert [line.cell for line in lines] == [8, 16]
    mean = mean_line("m", lines)
    assert mean.cell == 16 and list(mean.x) == [0, 16, 32, 48]
    assert list(mean.y) == [2.0, 2.0, 3.0, 3.0]


@pytest.mark.parametrize("y", [[2.0], [2.0, 2.0]])
def test_one_run_has_no_band(y: list[float]) -> None:
    mean = mean_line("m", [points("a", [*range(len(y))], y)])
    assert mean.low == mean.high == mean.y == tuple(y)


def test_many_points_at_one_place_are_one_cell() -> None:
    mean = mean_line("m", [points("a", [5, 5], [1, 3]), points("b", [5, 5], [5, 7])])
    assert (mean.x, mean.y, mean.cell) == ([5], (4.0,), 1.0)


def test_no_band_is_drawn_where_it_is_beyond_all_floats():
    far = mean_line("a", [points("0", [1, 2], [1.0, 1e308]), points("1", [1, 2], [2.0, -1e308])])
    assert (far.low[1], far.high[1]) == (far.y[1], far.y[1]) == (0.0, 0.0)
    assert far.low[0] < 1.5 < far.high[0]
