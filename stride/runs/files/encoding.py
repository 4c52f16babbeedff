"""Turn values into JSON that every parser reads, non-finite numbers included, and back."""

import json
import math
import re
from functools import partial
from typing import Any, TypeGuard

from stride.config.nonfinite import encode_numbers

_BLOCK = partial(json.dumps, ensure_ascii=False, allow_nan=False)
_LINE = json.JSONEncoder(ensure_ascii=False, allow_nan=False)  # made once: rows are many


def json_bytes(value: Any, *, indent: int | None = None) -> bytes:
    """Return one line or block of JSON with its newline.

    What JSON has no number for becomes "NaN", "Infinity" or "-Infinity"; bytes of a command
    line that were no UTF-8 become an escape that every parser reads.
    """
    try:
        text = _LINE.encode(value) if indent is None else _BLOCK(value, indent=indent)
    except ValueError:
        text = _BLOCK(encode_numbers(value), indent=indent)
    return text.encode("utf-8", "backslashreplace") + b"\n"


DEEPEST = 100
"""Tables and lists in each other, at most: what reads a record goes down into it step by step."""


_LONG = re.compile(rb"[0-9]{309}")  # digits; no number of so many is a float
_STRIDE = 64
_MAYBE_LONG = re.compile(rb"[0-9]{4}")  # of every 64th byte: 309 digits in a row have four of them


def is_count(value: Any) -> TypeGuard[int]:
    """Tell whether a value of JSON counts something, as steps."""
    return type(value) is int and value >= 0


def load_json(content: bytes) -> Any:
    """Return the value of JSON, as of a file of a run folder.

    Raises:
        ValueError: it is not JSON, or so deep that no reader could walk through it, or with
            a number beyond the floats.
    """
    try:
        value = json.loads(content)
    except RecursionError:
        raise ValueError("it is too deep") from None
    # Most have fewer brackets than that, in texts too.
    if content.count(b"{") + content.count(b"[") > DEEPEST and _depth(value) > DEEPEST:
        raise ValueError(f"tables and lists are more than {DEEPEST} deep")
    if _MAYBE_LONG.search(content[::_STRIDE]) and _LONG.search(content):
        json.loads(content, parse_int=_whole)
    return value


def _whole(digits: str) -> int:
    if math.isinf(float(digits)):
        raise ValueError(f"a number has {len(digits)} digits")
    return int(digits)


def _depth(value: Any) -> int:
    """Return how many tables and lists are in each other; DEEPEST + 1 for more than that."""
    depth, level = 0, [value]
    while depth <= DEEPEST:
        parts = [one for one in level if isinstance(one, (dict, list)) and one]
        if not parts:
            break
        level = [x for one in parts for x in (one.values() if isinstance(one, dict) else one)]
        depth += 1
    return depth
