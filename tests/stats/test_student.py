"""Student's distribution, by published tables and by scipy."""

import pytest

from stride.stats.student import t_quantile, t_within

# Abramowitz and Stegun, table 26.10.
TABLE = {
    (0.80, 1): 3.078,
    (0.95, 1): 12.706,
    (0.99, 1): 63.657,
    (0.95, 2): 4.303,
    (0.95, 4): 2.776,
    (0.99, 9): 3.250,
    (0.95, 30): 2.042,
    (0.95, 120): 1.980,
}


def test_quantiles_are_those_of_the_tables():
    for (level, freedom), expected in TABLE.items():
        assert t_quantile(level, freedom) == pytest.approx(expected, abs=6e-4)


def test_probabilities_and_quantiles_are_scipys():
    stats = pytest.importorskip("scipy.stats")
    for freedom in (1, 2, 3, 4, 7, 10, 99, 100, 1000):
        for t in (0.0, 0.3, 2.0, 9.0):
            expected = 2 * stats.t.cdf(t, freedom) - 1
            assert t_within(t, freedom) == pytest.approx(expected, abs=1e-14)
        for level in (0.1, 0.6, 0.95, 0.9999):
            expected = stats.t.ppf((1 + level) / 2, freedom)
            assert t_quantile(level, freedom) == pytest.approx(expected, rel=1e-10)
