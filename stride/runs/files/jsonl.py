"""Append JSON objects to a file and read them back, whatever moment the writer was killed at."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from stride.errors import RunError
from stride.runs.files.durable import append_all, sync_folder, told, write_all
from stride.runs.files.encoding import json_bytes


def _nothing() -> None:
    """Take the place of a check that nobody asked for."""


class LineFile:
    """Append JSON objects to a file, one a line.

    What was appended survives a SIGKILL at once, and a power cut from `close` or `sync` on.
    """

    def __init__(self, path: Path, *, before_change: Callable[[], None] = _nothing) -> None:
        """Open or make the file and mend its last line.

        Args:
            path: The file.
            before_change: Called when the file is open and nothing in it is changed; may raise to
                leave it as it is.

        Raises:
            StrideError: The file cannot be opened for writing, naming it.
        """
        self.path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        with told("cannot write", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, flags, 0o666)
            try:
                before_change()
                _mend_last_line(self._descriptor)
                sync_folder(path.parent)
            except BaseException:
                os.close(self._descriptor)
                raise

    def append(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append the rows in one write; on an error none of them stays.

        Raises:
            StrideError: The rows cannot be written, naming the file.
        """
        data = b"".join(json_bytes(row) for row in rows)
        if data:
            with told("cannot write", self.path):
                append_all(self._descriptor, data)

    def sync(self) -> None:
        """Make everything appended durable."""
        with told("cannot write", self.path):
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Make everything appended durable and close the file; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return
        try:
            with told("cannot write", self.path):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _mend_last_line(descriptor: int) -> None:
    """End a whole last line, cut off a torn one: no later row may be glued to it."""
    size = os.fstat(descriptor).st_size
    start = _start_of_last_line(descriptor, size)
    tail = os.pread(descriptor, size - start, start)
    if not tail:
        return
    if _row(tail) is None:
        os.ftruncate(descriptor, start)
    else:
        write_all(descriptor, b"\n")


def _start_of_last_line(descriptor: int, size: int) -> int:
    """Return the offset after the last newline, reading the file from its end."""
    end = size
    while end > 0:
        begin = max(0, end - 65536)
        newline = os.pread(descriptor, end - begin, begin).rfind(b"\n")
        if newline >= 0:
            return begin + newline + 1
        end = begin
    return 0


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read a stream of JSON objects, without a torn last line; no file is an empty stream.

    Raises:
        RunError: A line before the last is no JSON object, or the file cannot be read.
    """
    with told("cannot read", path, RunError, passing=FileNotFoundError):
        try:
            lines = path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
    rows = [_whole(line, number, path) for number, line in enumerate(lines[:-1], 1)]
    last = _row(lines[-1])
    return rows if last is None else [*rows, last]


def _whole(line: bytes, number: int, path: Path) -> dict[str, Any]:
    row = _row(line)
    if row is None:
        raise RunError(f"line {number} is no JSON object", where=str(path))
    return row


def _row(line: bytes) -> dict[str, Any] | None:
    """Return the object on a line; no beginning of a JSON object is itself one."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None
