"""Place values on an axis."""

import math
import sys
from collections.abc import Iterable
from typing import NamedTuple

_NARROWEST = 1e-12
"""The least range of an axis by its largest number: with less, its ticks have too many digits."""
_TINY = 1e-300  # so that no step between ticks is denormal
_MOST = sys.float_info.max


class Scale(NamedTuple):
    """Hold the range of an axis.

    Attributes:
        low: the value at its beginning; above 0 where it is logarithmic.
        high: that at its end, above low.
        log: whether it is logarithmic.
    """

    low: float
    high: float
    log: bool = False

    @property
    def above(self) -> float:
        """Return above what values have a place on the axis."""
        return 0.0 if self.log else -math.inf

    def places(self, values: Iterable[float]) -> list[float]:
        """Return where values lie, 0 at the beginning of the axis and 1 at its end.

        What has no place is NaN: NaN itself, and on a logarithmic axis what is not above 0.
        """
        if self.log:
            low = math.log10(self.low)
            span = math.log10(self.high) - low
            return [(math.log10(one) - low) / span if one > 0 else math.nan for one in values]
        part = 1.0 if math.isfinite(self.high - self.low) else 0.5  # no difference overflows
        low, span = self.low * part, self.high * part - self.low * part
        return [(one * part - low) / span for one in values]


def linear_scale(values: Iterable[float], least: float = 0.0) -> Scale:
    """Return an axis from the smallest finite value to the largest, widened where they are equal.

    Args:
        values: of which those that are not finite do not count; without any it is from 0 to 1.
        least: how wide it is at least.
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return Scale(0.0, 1.0)
    low, high = min(finite), max(finite)
    largest = max(abs(low), abs(high))
    if low == high and not least:
        least = largest / 5 or 1.0
    missing = max(least, largest * _NARROWEST, _TINY) - (high - low)
    if missing > 0:
        low, high = low - missing / 2, high + missing / 2
    return Scale(max(low, -_MOST), min(high, _MOST)) if missing > 0 else Scale(low, high)


def log_scale(values: Iterable[float]) -> Scale:
    """Return a logarithmic axis over the finite values above 0, widened where they are equal."""
    finite = [value for value in values if 0 < value < math.inf]
    if not finite:
        return Scale(0.1, 1.0, log=True)
    low, high = max(min(finite), _TINY), max(max(finite), _TINY)
    if high / low < 1 + 1e-9:
        low, high = max(low / 2, _TINY), min(high * 2, _MOST)
    return Scale(low, high, log=True)
