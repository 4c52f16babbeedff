"""Means and deviations, by hand and by scipy."""

import math
import statistics

import pytest

from stride.stats.moments import deviation, interquartile_mean, mean


def test_mean_and_deviation():
    values = [0.1, 0.4, 0.4, 0.7]
    assert mean(values) == pytest.approx(0.4)
    assert deviation(values) == pytest.approx(statistics.stdev(values))
    assert deviation([3.0]) == 0 and mean([3.0]) == 3


def test_the_interquartile_mean_leaves_out_a_quarter_at_each_end():
    assert interquartile_mean([9, 1, 2, 3, -50, 4, 5, 100]) == pytest.approx((2 + 3 + 4 + 5) / 4)
    assert interquartile_mean([1, 2, 300]) == 101  # of three none is left out
    stats = pytest.importorskip("scipy.stats")
    for count in range(1, 14):
        values = [(7 * n * n) % 11 / 3 for n in range(count)]
        expected = stats.trim_mean(values, 0.25)  # as rliable has it
        assert interquartile_mean(values) == pytest.approx(expected)


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf, 1.0, 2.0, 3.0, 4.0]])
def test_what_is_not_finite_has_no_mean(values):
    assert all(math.isnan(f(values)) for f in (mean, deviation, interquartile_mean))


def test_values_whose_squares_are_beyond_all_floats_have_both():
    assert mean([1.5e308, 1.5e308]) == pytest.approx(1.5e308)
    assert deviation([1e308, 0.0]) == pytest.approx(1e308 / 2**0.5)
    assert deviation([1.7e308, -1.7e308]) == math.inf
