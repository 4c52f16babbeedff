"""Intervals: by hand, by scipy, and by how often they hold what they are about."""

import math
from itertools import product
from random import Random

import pytest

from stride.stats.intervals import bootstrap_interval, t_interval
from stride.stats.moments import interquartile_mean

# Student's own example of 1908: hours of sleep gained by ten patients, second drug.
SLEEP = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_students_interval():
    assert t_interval(SLEEP) == pytest.approx((0.8976775, 3.7623225), abs=1e-6)
    assert t_interval([1.0, 3.0]) == pytest.approx((2 - 12.7062, 2 + 12.7062), abs=1e-4)
    assert t_interval([1.0]) is None
    assert all(map(math.isnan, t_interval([1.0, math.nan])))


@pytest.mark.parametrize("values", [[0.0, 1.0], [0.0, 1.0, 5.0], [0.3, 0.1, 0.2, 0.9, 0.4]])
def test_the_bootstrap_interval_of_few_values_is_that_of_all_resamples(values):
    means = sorted(map(interquartile_mean, product(values, repeat=len(values))))
    for level in (0.95, 0.8, 0.5):
        outside = int(len(means) * (1 - level) / 2)
        expected = means[outside], means[-1 - outside]
        assert bootstrap_interval(values, level) == pytest.approx(expected)


def test_more_values_are_drawn_by_chance():
    """With seven all 1,716 resamples are known; an eighth that is the mean changes little."""
    seven = SLEEP[:7]
    low, high = bootstrap_interval(seven)
    more = bootstrap_interval([*seven, interquartile_mean(seven)])
    assert more == pytest.approx((low, high), abs=0.6)
    low, high = bootstrap_interval(SLEEP)
    assert low < interquartile_mean(SLEEP) < high


def test_the_bootstrap_interval_is_the_same_each_time_and_in_any_order():
    assert bootstrap_interval(SLEEP) == bootstrap_interval(SLEEP[::-1])
    assert bootstrap_interval([1.0, 1.0, 1.0]) == (1, 1)
    assert bootstrap_interval([1.0]) is None
    assert all(map(math.isnan, bootstrap_interval([1.0, math.inf])))


def test_each_interval_moves_and_grows_with_its_values():
    wide = [10 + 100 * value for value in SLEEP]
    for interval in (t_interval, bootstrap_interval):
        low, high = interval(SLEEP)
        assert interval(wide) == pytest.approx((10 + 100 * low, 10 + 100 * high))


def test_of_100_intervals_of_students_95_hold_the_mean():
    random = Random(0)
    samples = [[random.gauss(3, 2) for _ in range(5)] for _ in range(2000)]
    held = sum(t_interval(sample).holds(3) for sample in samples)
    assert 0.935 < held / 2000 < 0.965


def test_the_bootstrap_is_nearly_right_with_twelve_values():
    random = Random(0)
    samples = [[random.gauss(3, 2) for _ in range(12)] for _ in range(200)]
    held = sum(bootstrap_interval(sample).holds(3) for sample in samples)
    assert 0.86 < held / 200 < 0.98


def test_an_interval_of_values_whose_sum_is_beyond_all_floats():
    found = bootstrap_interval([1e308, 1.2e308, 1.5e308, 1.7e308])
    assert found is not None and 1e308 <= found.low < found.high <= 1.7e308
