"""Where values lie on an axis."""

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stride.plots.geometry.scale import linear_scale, log_scale

FINITE = st.floats(allow_nan=False, allow_infinity=False)
MOST = sys.float_info.max


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([3.0, 1.0, math.nan, math.inf], 1.0, 3.0),
        ([], 0.0, 1.0),
        ([math.nan], 0.0, 1.0),
        ([0.0], -0.5, 0.5),
        ([2.0, 2.0], 1.8, 2.2),
        ([-MOST, MOST], -MOST, MOST),
    ],
)
def test_an_axis_reaches_from_the_smallest_finite_value_to_the_largest(values, low, high):
    assert linear_scale(values) == pytest.approx((low, high, False))


@given(st.lists(FINITE, min_size=1))
def test_all_finite_values_have_a_place_in_their_order(values):
    scale = linear_scale(values)
    assert math.isfinite(scale.low) and scale.low < scale.high
    places = scale.places(sorted(values))
    assert places == sorted(places) and places[0] >= 0 and places[-1] <= 1


@given(st.lists(st.floats(min_value=0, exclude_min=True, allow_infinity=False), min_size=1))
def test_above_0_values_have_a_place_on_a_logarithmic_axis(values):
    scale = log_scale(values)
    assert 0 < scale.low < scale.high < math.inf
    places = scale.places(sorted(values))
    assert places == sorted(places) and places[-1] <= 1 + 1e-9


def test_decades_are_equally_long_and_what_is_not_above_0_has_no_place():
    places = log_scale([0.01, 1.0, -3.0, 0.0]).places([0.01, 0.1, 1.0, 0.0, -3.0, math.nan])
    assert places[:3] == pytest.approx([0, 0.5, 1])
    assert all(map(math.isnan, places[3:]))


@pytest.mark.parametrize(
    ("values", "low", "high"), [([1, 20], 1, 20), ([7], 6.5, 7.5), ([1, 2], 1, 2), ([], 0, 1)]
)
def test_an_axis_has_a_least_width(values, low, high):
    assert linear_scale(values, least=1)[:2] == (low, high)
