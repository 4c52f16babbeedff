"""Lengths of time, as typed."""

import pytest

from stride.durations import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("1.5h", 5400),
        (".5m", 30),
        ("2d", 172800),
        ("1w1d1h1m1s", 694861),
        ("-7d", -604800),
        ("-1h30m", -5400),
        ("+2m", 120),
        ("0s", 0),
    ],
)
def test_units_are_added(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "m", "5 m", "30m1h", "5m5m", "5x", "1h-5m", "1e3s", "5M", "\u0665m", "5m "]
)
def test_anything_else_is_none(text: str) -> None:
    assert seconds_of(text) is None
