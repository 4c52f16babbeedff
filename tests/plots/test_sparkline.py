"""Curves in one line of text."""

import math

import pytest

from stride.plots.sparkline import in_ascii, sparkline


@pytest.mark.parametrize(
    ("values", "width", "drawn"),
    [
        ([], 5, ""),
        ([1.0], 5, "▅"),
        ([2.0, 2.0], 5, "▅▅"),
        ([0.0, 1.0], 5, "▁█"),
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"),
        ([0, 0, 4, 4, 8, 8], 3, "▁▅█"),
        ([0, math.nan, 1], 3, "▁ █"),
        ([math.nan, math.inf], 3, "  "),
        ([-1.7e308, 1.7e308], 2, "▁█"),
    ],
)
def test_it_is_as_wide_as_its_values_and_as_high_as_they_differ(values, width, drawn):
    assert sparkline(values, width) == drawn


def test_where_there_are_no_bars_digits_are_as_high():
    assert in_ascii(sparkline([0, 1, math.nan, 2, 7], 5)) == "12 38"
