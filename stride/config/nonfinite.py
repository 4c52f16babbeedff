"""Encode non-finite numbers as text, since JSON has no form for them."""

import math
from collections.abc import Mapping
from typing import Any

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def encode_number(value: float) -> float | str:
    """Return the number itself, or its text where JSON has no number for it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def encode_numbers(value: Any) -> Any:
    """Return a value of tables and lists with a text for every number that JSON has none for."""
    if isinstance(value, float):
        return encode_number(value)
    if isinstance(value, Mapping):
        return {name: encode_numbers(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [encode_numbers(part) for part in value]
    return value


def decode_number(value: Any) -> Any:
    """Return the number that `encode_number` made a text of, anything else as it is."""
    return _NON_FINITE.get(value, value) if isinstance(value, str) else value


def decode_numbers(value: Any) -> Any:
    """Return a JSON value with every number in it that `encode_number` made a text of."""
    if isinstance(value, dict):
        return {name: decode_numbers(part) for name, part in value.items()}
    if isinstance(value, list):
        return [decode_numbers(part) for part in value]
    return decode_number(value)


def parse_nonfinite(text: str) -> str:
    """Return the text that stands for inf, -inf or nan as a person types it, else ""."""
    known = text.strip().lower().lstrip("+-") in ("inf", "infinity", "nan")
    return str(encode_number(float(text))) if known else ""
