"""Choose the values that are written beside an axis, and their words."""

import math
from typing import NamedTuple

from stride.plots.geometry.scale import Scale

_SHORT = 6  # digits of a number that is written out
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_TIMES = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200)
_THOUSANDS = (("T", 12), ("G", 9), ("M", 6), ("k", 3))


class Tick(NamedTuple):
    """Hold a value that is marked on an axis, and its word."""

    value: float
    text: str


def value_ticks(scale: Scale, most: int) -> list[Tick]:
    """Return round values within an axis: steps of 1, 2 or 5, or decades where it is logarithmic.

    Args:
        scale: the axis.
        most: how many there are at most; two where one would stand alone.
    """
    if scale.log:
        return _log_ticks(scale, most)
    numbers, exponent = _round_numbers(scale, most)
    return [
        Tick(_value(number, exponent), text)
        for number, text in zip(numbers, _alike(numbers, exponent), strict=True)
    ]


def ticks_along(scale: Scale, along: str, most: int) -> list[Tick]:
    """Return round values of what a horizontal axis counts: `10k` steps, whole epochs, `5 min`."""
    if along == "time":
        return _time_ticks(scale, most)
    numbers, exponent = _round_numbers(scale, most, whole=True)
    return [Tick(_value(one, exponent), _count(one * 10**exponent)) for one in numbers]


def _round_numbers(scale: Scale, most: int, *, whole: bool = False) -> tuple[list[int], int]:
    """Return whole numbers and the power of ten by which they are multiplied."""
    span = scale.high / 2 - scale.low / 2  # half of it: no difference overflows
    start = math.floor(math.log10(span / max(most, 1))) - 1
    start = max(start, 0) if whole else start
    steps = ((digit, exponent) for exponent in range(start, start + 4) for digit in (1, 2, 5))
    finer: tuple[list[int], int] = ([], start)
    for digit, exponent in steps:
        numbers = _multiples(scale, digit, exponent, most)
        if len(numbers) <= most:
            return (numbers, exponent) if len(numbers) > 1 or len(finer[0]) < 2 else finer
        finer = numbers, exponent
    return finer


def _multiples(scale: Scale, digit: int, exponent: int, most: int) -> list[int]:
    """Return the multiples of a step within an axis; of too many only some more than asked for."""
    step = _value(digit, exponent)
    first = math.floor(scale.low / step) - 1
    last = min(math.ceil(scale.high / step) + 1, first + 3 * most + 4)
    numbers = [digit * count for count in range(first, last + 1)]
    return [one for one in numbers if scale.low <= _value(one, exponent) <= scale.high]


def _value(number: int, exponent: int) -> float:
    return float(f"{number}e{exponent}")


def _log_ticks(scale: Scale, most: int) -> list[Tick]:
    decades = range(math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high)) + 1)
    within = [one for one in decades if scale.low <= _value(1, one) <= scale.high]
    if len(within) > most:
        every = math.ceil(len(within) / most)
        return [_log_tick(1, one) for one in within if one % every == 0]
    for digits in ((1, 2, 5), (1, 3), (1,)):
        pairs = [(digit, one) for one in decades for digit in digits]
        inside = [pair for pair in pairs if scale.low <= _value(*pair) <= scale.high]
        if 2 <= len(inside) <= most:
            return [_log_tick(*pair) for pair in inside]
    return value_ticks(Scale(scale.low, scale.high), most)


def _log_tick(digit: int, exponent: int) -> Tick:
    text = _plain(digit, exponent)
    return Tick(_value(digit, exponent), text if len(text) <= _SHORT else f"{digit}e{exponent}")


def _time_ticks(scale: Scale, most: int) -> list[Tick]:
    """Return ticks of seconds, in the largest unit in which they are short."""
    span = scale.high - scale.low
    step = next((one for one in _TIMES if span / one <= most), 0)
    if not step or span < 2:
        unit, size = ("d", 86_400) if span > 2 else ("s", 1)
        days = value_ticks(Scale(scale.low / size, scale.high / size), most)
        return [Tick(one.value * size, f"{one.text} {unit}") for one in days]
    unit, size = next(one for one in _UNITS if scale.high >= 2 * one[1] and 4 * step % one[1] == 0)
    values = range(math.ceil(scale.low / step) * step, math.floor(scale.high) + 1, step)
    return [Tick(one, f"{one / size:.15g} {unit}") for one in values]


def _count(number: int) -> str:
    """Return a whole number, with a letter for its thousands where that is shorter."""
    plain = str(number)
    if len(plain) < 5:
        return plain
    exponents = ((letter, power) for letter, power in _THOUSANDS if abs(number) >= 10**power)
    letter, power = next(exponents)
    digits = str(abs(number)).rstrip("0")
    shown = _plain(int(digits), len(str(abs(number))) - len(digits) - power)
    if abs(number) >= 10**15:
        return _scientific(number, 0)
    return min(plain, f"{'-' * (number < 0)}{shown}{letter}", key=len)


def _alike(numbers: list[int], exponent: int) -> list[str]:
    """Return numbers times a power of ten in one way of writing: all written out, or none."""
    plain = [_plain(number, exponent) for number in numbers]
    powers = [_scientific(number, exponent) for number in numbers]
    length = max(map(len, plain), default=0)
    return plain if length <= max(_SHORT, *map(len, powers), 0) else powers


def _plain(number: int, exponent: int) -> str:
    """Return a number times a power of ten, written out."""
    if exponent >= 0:
        return str(number * 10**exponent) if exponent < 16 else _scientific(number, exponent)
    digits = str(abs(number)).rjust(1 - exponent, "0")
    return f"{'-' * (number < 0)}{digits[:exponent]}.{digits[exponent:]}"


def _scientific(number: int, exponent: int) -> str:
    if number == 0:
        return "0"
    digits = str(abs(number)).rstrip("0")
    power = exponent + len(str(abs(number))) - 1
    rest = f".{digits[1:]}" if digits[1:] else ""
    return f"{'-' * (number < 0)}{digits[0]}{rest}e{power}"
