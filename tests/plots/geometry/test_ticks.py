"""What is written beside axes."""

import math
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stride.plots.geometry.scale import linear_scale, log_scale
from stride.plots.geometry.ticks import ticks_along, value_ticks

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (0.37, 2.31, 6, ["0.5", "1.0", "1.5", "2.0"]),
        (0.37, 0.44, 3, ["0.38", "0.40", "0.42", "0.44"]),  # one would stand alone
        (1.2e6, 3.4e6, 6, ["1.5e6", "2e6", "2.5e6", "3e6"]),
        (-3e-9, 2e-9, 3, ["-2e-9", "0", "2e-9"]),
        (1e6, 1e6 + 0.3, 4, ["1000000.0", "1000000.1", "1000000.2", "1000000.3"]),
        (0.5, 0.5, 3, ["0.45", "0.50", "0.55"]),
        (0, 0, 3, ["-0.5", "0.0", "0.5"]),
        (-1.7e308, 1.7e308, 3, ["-1e308", "0", "1e308"]),
        (1.7e308, 1.7e308, 3, ["1.6e308", "1.7e308"]),
        (5e-324, 5e-324, 3, ["-0.5", "0.0", "0.5"]),
        (99990, 100020, 4, ["99990", "100000", "100010", "100020"]),
    ],
)
def test_values_are_round_and_short(low, high, most, texts):
    assert [one.text for one in value_ticks(linear_scale([low, high]), most)] == texts


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (1e-5, 1, 6, ["1e-5", "0.0001", "0.001", "0.01", "0.1", "1"]),
        (1e-5, 1, 3, ["0.0001", "0.01", "1"]),
        (0.02, 0.9, 6, ["0.02", "0.05", "0.1", "0.2", "0.5"]),
        (0.02, 0.9, 3, ["0.03", "0.1", "0.3"]),
        (0.3, 0.5, 6, ["0.30", "0.35", "0.40", "0.45", "0.50"]),
        (1e-30, 1e30, 6, ["1e-22", "1e-11", "1", "1e11", "1e22"]),
        (2, 2, 3, ["1", "2"]),
    ],
)
def test_a_logarithmic_axis_has_decades(low, high, most, texts):
    assert [one.text for one in value_ticks(log_scale([low, high]), most)] == texts


@pytest.mark.parametrize(
    ("along", "low", "high", "texts"),
    [
        ("step", 0, 900, ["0", "200", "400", "600", "800"]),
        ("step", 1, 23456, ["5000", "10k", "15k", "20k"]),
        ("step", 0, 2.5e6, ["0", "500k", "1M", "1.5M", "2M", "2.5M"]),
        ("step", 5, 5, ["5"]),
        ("step", 0, 1e308, ["0", "2e307", "4e307", "6e307", "8e307", "1e308"]),
        ("epoch", 1, 20, ["5", "10", "15", "20"]),
        ("epoch", 0, 2, ["0", "1", "2"]),
        ("epoch", 0.25, 0.75, ["0", "1"]),
        ("time", 0, 45, ["0 s", "10 s", "20 s", "30 s", "40 s"]),
        ("time", 0, 150, ["0 min", "0.5 min", "1 min", "1.5 min", "2 min", "2.5 min"]),
        ("time", 0, 3600, [f"{at} min" for at in range(0, 61, 10)]),
        ("time", 0, 8000, ["0 h", "0.5 h", "1 h", "1.5 h", "2 h"]),
        ("time", 0, 90000, ["0 h", "6 h", "12 h", "18 h", "24 h"]),
        ("time", 1e9, 1e9 + 3, ["1000000000 s", "1000000001 s", "1000000002 s", "1000000003 s"]),
        ("time", 0, 3e6, ["0 d", "5 d", "10 d", "15 d", "20 d", "25 d", "30 d"]),
    ],
)
def test_along_an_axis_stands_what_it_counts(along, low, high, texts):
    scale = linear_scale([low, high], least=1.0)
    assert [one.text for one in ticks_along(scale, along, 7)] == texts


@given(FINITE, FINITE, st.integers(2, 12), st.booleans())
def test_words_are_distinct_and_what_they_say(one, other, most, log):
    scale = log_scale([abs(one), abs(other)]) if log else linear_scale([one, other])
    ticks = value_ticks(scale, most)
    assert len({tick.text for tick in ticks}) == len(ticks) <= max(3 * most, 4)
    assert [tick.value for tick in ticks] == sorted(tick.value for tick in ticks)
    assert all(float(tick.text) == tick.value for tick in ticks)
    assert all(scale.low <= tick.value <= scale.high for tick in ticks)


@given(st.integers(0, 10**15), st.integers(0, 10**15), st.integers(2, 12))
def test_steps_are_whole_and_said_exactly(one, other, most):
    factors = {"k": 3, "M": 6, "G": 9, "T": 12}
    for tick in ticks_along(linear_scale([one, other], least=1.0), "step", most):
        power = factors.get(tick.text[-1], 0)
        digits = tick.text.rstrip("kMGT")
        assert Fraction(digits) * 10**power == Fraction(tick.value)
        assert tick.value == math.floor(tick.value)


@given(st.floats(0, 1e12), st.floats(0, 1e12), st.integers(2, 12))
def test_times_are_in_their_range_and_distinct(one, other, most):
    scale = linear_scale([one, other], least=1e-3)
    texts = [tick.text for tick in ticks_along(scale, "time", most)]
    assert len({*texts}) == len(texts) < sys.maxsize
