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


def as_utf8(text: str) -> str:
    """Return a text that UTF-8 can hold: with an escape for what it cannot, as bytes of a path."""
    return text.encode("utf-8", "backslashreplace").decode()


DEEPEST = 100
"""Tables and lists in each other, at most: what reads a record goes down into it step by step."""


_LONG = re.compile(rb"[0-9]{309}")  # digits; no number of so many is a float
_STRIDE = 16
_MAYBE_LONG = re.compile(rb"[0-9]{19}")  # of every 16th byte: 309 digits in a row have 19 of them


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
    if _has_long(content):
        json.loads(content, parse_int=_whole)
    return value


def load_flat_lines(content: bytes) -> list[dict[str, Any]] | None:
    """Return the objects on some lines; None where each line has to be read by itself.

    In one go they are read in two thirds of the time. That lines are right which are no JSON by
    themselves is ruled out: an object that begins each line, with none and no list inside of it,
    goes on in the next line by no way, since behind its comma stands no brace.
    """
    count = content.count(b"\n")
    whole = content.startswith(b"{") and content.endswith(b"\n") and b"[" not in content
    if not whole or not content.count(b"{") == content.count(b"\n{") + 1 == count:
        return None
    try:
        rows: list[dict[str, Any]] = json.loads(b"[%b]" % content[:-1].replace(b"\n", b"\n,"))
    except ValueError:
        return None
    return None if len(rows) != count or _has_long(content) else rows


def _has_long(content: bytes) -> bool:
    return bool(_MAYBE_LONG.search(content[::_STRIDE]) and _LONG.search(content))


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
