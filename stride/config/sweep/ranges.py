"""Ranges of numbers: which make sense, which numbers they hold, and how near to an end one is."""

import math
from decimal import Decimal
from typing import Any, Literal

from stride.config.values import show, whole_number
from stride.errors import ConfigError

Edge = Literal["low", "high"]

TOLERANCE = 1e-8  # of a step, as Optuna has it


def require_range(kind: str, low: float, high: float, *, log: bool, stepped: bool) -> None:
    """Refuse a range that holds nothing, or whose scale does not fit it.

    Raises:
        ConfigError: says so, and the nearest range that is right.
    """
    if low > high:
        hint = f"did you mean {kind}({number_text(high)},{number_text(low)})?"
        raise ConfigError("its lower end is above the upper one", hint=hint)
    if log and low <= 0:
        what = f"its lower end is {number_text(low)}, and a logarithm needs one above 0"
        above = 1 if kind == "int" else high / 1000
        form = f"as {kind}({number_text(above)},{number_text(high)},log)"
        raise ConfigError(what, hint=form if high > 0 else "leave out `log`")
    if log and stepped:
        what = "a logarithmic range has no equal steps"
        raise ConfigError(what, hint="leave out `log` or `step`")


def is_number(value: Any) -> bool:
    """Tell whether a value is a number; a truth value is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_on_steps(value: float, low: float, step: float) -> bool:
    """Tell whether a number is whole steps from the lower end."""
    steps = (value - low) / step
    return abs(steps - round(steps)) < TOLERANCE


def last_step(low: float, high: float, step: float) -> float:
    """Return the largest number of a range that is whole steps from its lower end."""
    first, width = Decimal(str(low)), Decimal(str(step))  # as typed: 3 steps of 0.3 are 0.9
    return float(first + math.floor((high - low) / step + TOLERANCE) * width)


def edge(value: float, low: float, last: float, *, log: bool, share: float) -> Edge | None:
    """Return the end to which a number is as near as a share of the range, else None.

    Args:
        value: within the range.
        low: the smallest number of the range.
        last: the largest one.
        log: nearness is that of logarithms.
        share: of the range, or of its logarithms.
    """
    if log:
        value, low, last = math.log(value), math.log(low), math.log(last)
    if low == last:
        return None
    place = (value - low) / (last - low)
    return "low" if place <= share else "high" if place >= 1 - share else None


def range_text(kind: str, low: float, high: float, *, log: bool, step: float | None) -> str:
    """Return the text of a range: `float(0,1,step=0.1)`."""
    options = [*(["log"] if log else []), *([f"step={number_text(step)}"] if step else [])]
    return f"{kind}({','.join([number_text(low), number_text(high), *options])})"


def number_text(number: float) -> str:
    """Return a number as it is typed: 1.0 as 1."""
    return show(whole_number(number))
