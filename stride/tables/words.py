"""Turn numbers into the words of a table: ages, durations, metrics, values of the config."""

from contextlib import suppress
from typing import Any

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60))


def duration(seconds: float | None) -> str:
    """Return a length of time in its two largest units: "2d 03h", "4m 05s", "1.3s"."""
    if seconds is None:
        return "-"
    if seconds < 59.5:
        return f"{seconds:.1f}s" if seconds < 9.95 else f"{seconds:.0f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h {minutes:02d}m"
    return f"{hours // 24}d {hours % 24:02d}h"


def age(seconds: float | None) -> str:
    """Return how long ago something was in its largest unit: "now", "5m", "3h", "12d"."""
    if seconds is None:
        return "-"
    for name, size in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)}{name}"
    return f"{int(seconds)}s" if seconds >= 1 else "now"


def number(value: Any) -> str:
    """Return a metric with four significant digits, or "-" where there is none."""
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return str(value) if isinstance(value, int) else f"{value:.4g}"


def numbers_apart(one: Any, other: Any) -> tuple[str, str]:
    """Return two metrics with as many digits as tell them apart, four at least."""
    with suppress(OverflowError):  # of a whole number beyond all floats
        for digits in range(4, 18):
            first, second = f"{one:.{digits}g}", f"{other:.{digits}g}"
            if first != second:
                return first, second
    return str(one), str(other)


def setting(value: Any) -> str:
    """Return a value of the config as one would type it."""
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def moment(seconds: float | None) -> str:
    """Return a time stamp as local time."""
    import time

    return "-" if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def byte_size(number: float) -> str:
    """Return a number of bytes with three digits: "512 B", "12.3 kB", "4.00 GB"."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 999.5 or unit == "TB":
            break
        number /= 1000
    if unit == "B" or number >= 99.95:
        return f"{number:.0f} {unit}"
    return f"{number:.1f} {unit}" if number >= 9.995 else f"{number:.2f} {unit}"
