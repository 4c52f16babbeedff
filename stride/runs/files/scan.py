"""Read a stream of JSON objects line by line, however long it is."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from stride.errors import RunError
from stride.runs.files.durable import os_errors_as
from stride.runs.files.encoding import parsed_json
from stride.runs.files.safe_open import lines


def _ignore(line: int) -> None:
    """Take the place of somebody who wants to know of a torn line."""


def scan(
    path: Path, on_torn: Callable[[int], None] = _ignore
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of each line and its object; no file is an empty stream.

    Args:
        path: The stream.
        on_torn: Called with the number of the last line where that is torn: it is passed over.

    Raises:
        RunError: A line before the last is no JSON object, or the file cannot be read.
    """
    if not os.path.lexists(path):
        return
    with os_errors_as("cannot read", path, RunError):
        for number, line in enumerate(lines(path), 1):
            row = as_row(line)
            if row is not None:
                yield number, row
            elif line.endswith(b"\n"):
                raise RunError(f"line {number} is no JSON object", where=str(path))
            else:
                on_torn(number)


def as_row(line: bytes) -> dict[str, Any] | None:
    """Return the object on a line; no beginning of a JSON object is itself one."""
    try:
        row = parsed_json(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None
