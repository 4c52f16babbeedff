"""The axes on which all curves of a plot lie."""

import pytest

from stride.plots.geometry.axes import Axes
from stride.plots.plot import Line, Plot, points

X = [0.0, 1.0, 2.0]


def band(low, y, high):
    return Line("mean", X, y, low, high, is_band=True)


def axis(*lines, log=False):
    y = Axes.of(Plot("t", "m", "step", lines, log=log)).y
    return y.low, y.high


def test_a_narrow_band_is_seen_whole():
    assert axis(band([0, 1, 2], [1, 2, 3], [2, 3, 4])) == (0, 4)


def test_a_wide_band_flattens_no_curve():
    wide = band([-99, 1, 2], [1, 2, 3], [2, 3, 99])
    assert axis(wide) == (0, 4)  # half of what lies between 1 and 3, beyond each
    assert axis(wide, points("other", X, [1, 2, 7])) == (-2, 10)


def test_on_a_logarithmic_axis_it_is_half_of_the_decades():
    assert axis(band([-9, 1, 1], [1, 10, 100], [2, 20, 1e9]), log=True) == pytest.approx((0.1, 1e3))


def test_a_band_around_one_value_is_seen_whole():
    assert axis(band([0, 0, 0], [1, 1, 1], [9, 9, 9])) == (0, 9)


def test_a_band_ends_at_the_edge():
    axes = Axes.of(Plot("t", "m", "step", [wide := band([-99, 1, 2], [1, 2, 3], [2, 3, 99])]))
    ((first, _, last),) = axes.columns(wide, 3)
    assert (first.bottom, first.top, last.bottom, last.top) == (0, 2, 2, 4)


def test_extremes_of_a_curve_are_never_cut():
    assert axis(Line("a", X, [1, 2, 3], [-99, 1, 2], [2, 3, 99], cell=1.0)) == (-99, 99)
