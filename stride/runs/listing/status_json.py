"""Read status.json, the one file that the row of an ended run is made from.

A listing does this for thousands of runs: hence plain texts, descriptors and dicts.
"""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from stride.errors import BrokenRecord
from stride.runs.files.atomic import read_record
from stride.runs.files.encoding import load_json
from stride.runs.files.safe_open import RECORD_LIMIT, open_own, require_size
from stride.runs.layout import FORMAT_VERSION, RunPaths
from stride.runs.status import FINAL

Signature = tuple[int, int, int, int]
"""By what a file is known again: times of its inode and of its content in ns, size, inode.

The time of the inode is one that no program can set: `touch -r` and `rsync -t` do not deceive.
"""

_NAME = RunPaths(Path()).status.name
# The first lines as STRIDE writes them; whatever begins otherwise is parsed.
_HEAD = re.compile(
    rb'\{\n  "format_version": [1-%d],\n  "state": "[a-z]+",\n  "reason": "[^"\\]*",\n'
    rb'  "uuid": "[0-9a-f]{32}",\n  "created": ([0-9]{1,10}(?:\.[0-9]{1,9})?),\n' % FORMAT_VERSION
)
_COMPLETE = frozenset({"metrics", "overrides"})


def status_path(path: str) -> str:
    """Return the path of status.json in a run folder."""
    return f"{path}{os.sep}{_NAME}"


def read_status(path: str) -> tuple[bytes, Signature]:
    """Return the bytes of status.json in a run folder, and their signature.

    Raises:
        RunError: it is not a file of the run's own, or too large.
        OSError: the file is not there or cannot be read.
    """
    return read_signed(status_path(path))


def read_signed(path: str) -> tuple[bytes, Signature]:
    """Return the bytes of a file of a run, and their signature.

    Raises:
        RunError: it is not a file of the run's own, or too large.
        OSError: the file is not there or cannot be read.
    """
    descriptor = open_own(path)
    try:
        found = os.fstat(descriptor)
        require_size(path, found.st_size, RECORD_LIMIT)
        content = os.read(descriptor, found.st_size + 1)
    finally:
        os.close(descriptor)
    return content, signature_of(found)


def signature_of(found: os.stat_result) -> Signature:
    """Return by what a file is known again."""
    return found.st_ctime_ns, found.st_mtime_ns, found.st_size, found.st_ino


def parse_status(path: Path | str, content: bytes) -> dict[str, Any]:
    """Return what status.json holds, with a state and a time of creation that make sense.

    Args:
        path: the run folder.
        content: the bytes of its status.json.

    Raises:
        RunError: what is wrong with it.
    """
    status = _record(path, content)
    if not isinstance(status.get("state"), str):
        raise BrokenRecord("status.json names no state")
    if read_time(status, "created") is None:
        raise BrokenRecord("status.json does not say when the run was created")
    return status


def creation_time(path: Path | str, content: bytes) -> float:
    """Return when a run was created; a status.json as STRIDE writes it is not parsed for that.

    Args:
        path: the run folder.
        content: the bytes of its status.json.

    Raises:
        RunError: what is wrong with it.
    """
    head = _HEAD.match(content)
    if head is not None and content.endswith(b"\n}\n"):
        return float(head[1])
    return float(parse_status(path, content)["created"])


def _record(path: Path | str, content: bytes) -> dict[str, Any]:
    """Return the record, or have `read_record` say what is wrong with it."""
    with suppress(ValueError):
        status = load_json(content)
        version = status.get("format_version") if isinstance(status, dict) else None
        if type(version) is int and 1 <= version <= FORMAT_VERSION:
            return status  # type: ignore[no-any-return]
    return read_record(RunPaths(Path(path)).status)


def is_final(status: Mapping[str, Any]) -> bool:
    """Tell whether the row depends on nothing but this content of status.json."""
    return status["state"] in FINAL and status.keys() >= _COMPLETE


def read_time(status: Mapping[str, Any], key: str) -> float | None:
    """Return a time in Unix seconds, None where there is none.

    Raises:
        RunError: the value is not a time.
    """
    value = status.get(key)
    # NaN, infinity and absurd numbers would make sorting and rendering fail later.
    if value is not None and (type(value) not in (int, float) or not abs(value) < 1e11):
        raise BrokenRecord(f"status.json: {key!r} is not a time")
    return None if value is None else float(value)
