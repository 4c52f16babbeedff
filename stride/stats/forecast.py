"""Forecast where a learning curve will end, from its course so far."""

import math
from collections.abc import Mapping, Sequence

FEWEST = 10
"""Of fewer values the last one is the forecast."""

LONGEST_SPAN = 20
"""Over how many values a curve is smoothed at most."""


def predicted_final(values: Sequence[float], target_epoch: float) -> float:
    """Return the value that a curve is going to have at an epoch, as far as its course tells.

    - The last value, of fewer than 10 or once the epoch is reached. One that is not finite begins
      the curve over, and is the forecast while it is the last.
    - The n values are smoothed: s_1 = y_1 and s_i = s_(i-1) + 2/(span + 1) (y_i - s_(i-1)), with a
      span of min(n // 3, 20). Three anchors stand n // 3 epochs apart, the last of them at s_n.
    - Where the second drop between anchors is smaller than the first, and as well where both are
      rises, the forecast lies on the curve a exp(-b t) + c through them.
    - Else it is s_n, and half of the mean slope from the middle anchor on for each epoch left.

    So the forecast of the negative curve is the negative forecast: it serves a metric that is to
    rise as it serves a loss.

    Args:
        values: of the epochs from the first on, one at least.
        target_epoch: how many epochs there will be.
    """
    known, left = _since_nonfinite(values), target_epoch - len(values)
    if len(known) < FEWEST or left <= 0:
        return values[-1]
    smooth, apart = _smoothed(known), len(known) // 3
    early, middle, last = smooth[-1 - 2 * apart], smooth[-1 - apart], smooth[-1]
    first, second, intervals = early - middle, middle - last, left / apart
    if not (0 < second < first or first < second < 0):
        return last - second * intervals / 2
    ratio = second / first  # each further drop is so much of the one before: exp(-b apart)
    return last - second * ratio * (1 - math.pow(ratio, intervals)) / (1 - ratio)


def predicted_final_by_epoch(curve: Mapping[int, float], target_epoch: int) -> float:
    """Return the forecast of a curve that is known at some epochs, at even distances.

    Args:
        curve: values by the number of completed epochs, one at least, in any order.
        target_epoch: how many epochs there will be.
    """
    epochs = sorted(curve)
    distance = (epochs[-1] - epochs[0]) / (len(epochs) - 1) if len(epochs) > 1 else 1.0
    target = len(epochs) + (target_epoch - epochs[-1]) / distance
    return predicted_final([curve[epoch] for epoch in epochs], target)


def _since_nonfinite(values: Sequence[float]) -> Sequence[float]:
    """Return the values after the last one that is not finite."""
    wrong = (place for place in reversed(range(len(values))) if not math.isfinite(values[place]))
    return values[next(wrong, -1) + 1 :]


def _smoothed(values: Sequence[float]) -> list[float]:
    share = 2 / (min(len(values) // 3, LONGEST_SPAN) + 1)
    smooth, current = [], values[0]
    for value in values:
        current += share * (value - current)
        smooth.append(current)
    return smooth
