"""Turn values into JSON that every parser reads, non-finite numbers included."""

import json
from collections.abc import Mapping
from typing import Any

from stride.config.nonfinite import encode_number


def json_bytes(value: Any, *, indent: int | None = None) -> bytes:
    """Return one line or block of JSON with its newline.

    What JSON has no number for becomes "NaN", "Infinity" or "-Infinity"; bytes of a command
    line that were no UTF-8 become an escape that every parser reads.
    """
    try:
        text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = json.dumps(_encoded(value), indent=indent, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _encoded(value: Any) -> Any:
    if isinstance(value, float):
        return encode_number(value)
    if isinstance(value, Mapping):
        return {key: _encoded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encoded(item) for item in value]
    return value
