"""Draw a curve in one line of text."""

import math
from collections.abc import Sequence
from itertools import pairwise

_BARS = "▁▂▃▄▅▆▇█"
_DIGITS = str.maketrans(_BARS, "12345678")


def sparkline(values: Sequence[float], width: int) -> str:
    """Return a curve as bars of eight heights, from the smallest value to the largest.

    Args:
        values: in their order; those that are not finite leave a blank.
        width: characters at most; of more values those in one place are averaged.

    Returns:
        A text of as many characters as there are places, empty where there is no value.
    """
    means = [_mean(part) for part in _parts(values, width)]
    finite = [value for value in means if math.isfinite(value)]
    if not finite:
        return " " * len(means)
    low, high = min(finite), max(finite)
    return "".join(_bar(value, low, high) for value in means)


def in_ascii(drawn: str) -> str:
    """Return a curve as digits, where there are no bars: 1 is the lowest."""
    return drawn.translate(_DIGITS)


def _parts(values: Sequence[float], width: int) -> list[Sequence[float]]:
    count = min(width, len(values))
    edges = [round(place * len(values) / count) for place in range(count + 1)] if count else []
    return [values[start:end] for start, end in pairwise(edges)]


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return sum(value / len(finite) for value in finite) if finite else math.nan


def _bar(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return " "
    if low == high:
        return _BARS[len(_BARS) // 2]
    share = (value / 2 - low / 2) / (high / 2 - low / 2)  # halves: no difference overflows
    return _BARS[min(int(share * len(_BARS)), len(_BARS) - 1)]
