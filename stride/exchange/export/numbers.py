"""Which rows of a run can be exported bit for bit."""

import math
from collections.abc import Mapping
from itertools import islice
from typing import Any

from stride.config.nonfinite import decode_number
from stride.runs.files.encoding import as_utf8, is_count

_COUNT_LIMIT = 2**63  # what an integer of 64 bits holds


def fault(row: Mapping[str, Any]) -> str:
    """Return why a row of metrics cannot be exported bit for bit, the empty text where it can."""
    odd = (name for name, value in row.items() if not _is_exact(decode_number(value)))
    unnamed = (name for name in row if as_utf8(name) != name)
    return (
        place_fault(row)
        or "".join(f"{name!r} is not a name in UTF-8" for name in islice(unnamed, 1))
        or "".join(f"{name} is not a number of 64 bits" for name in islice(odd, 1))
    )


def place_fault(row: Mapping[str, Any]) -> str:
    """Return what is wrong with the step, epoch or time of a row, the empty text where nothing."""
    for name in ("step", "epoch"):
        if not is_count(row.get(name)) or row[name] >= _COUNT_LIMIT:
            return f"its {name} is not a count"
    is_time = type(row.get("time")) in (int, float) and math.isfinite(row["time"])
    return "" if is_time else "its time is not a number of seconds"


def _is_exact(value: Any) -> bool:
    """Tell whether a float of 64 bits holds a value exactly."""
    return type(value) is float or (type(value) is int and int(float(value)) == value)
