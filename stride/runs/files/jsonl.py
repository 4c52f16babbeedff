"""Append JSON objects to a stream, one a line, and read them back however the writer ended."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, Self

from stride.errors import BrokenRecord, RunError
from stride.runs.files.durable import append_all, make_folder, os_errors_as, sync_folder, write_all
from stride.runs.files.encoding import json_bytes, load_flat_lines, load_json
from stride.runs.files.safe_open import open_own, reading, require_size

LINE_LIMIT = 64 * 2**20
"""Bytes of the longest line of a stream."""

_CHUNK = 2**18  # bytes that are read at once: the rows in them are in memory together


def _nothing() -> None:
    """Check nothing."""


class LineFile:
    """Append JSON objects to a file, one a line.

    What was appended survives a SIGKILL at once, and a power cut from `close` or `sync` on.
    """

    def __init__(self, path: Path, *, before_change: Callable[[], None] = _nothing) -> None:
        """Open or make the file and mend its last line.

        Args:
            path: the file.
            before_change: called when the file is open and nothing in it is changed; may raise to
                leave it as it is.

        Raises:
            StrideError: the file cannot be opened for writing, or is not a file of the run's own,
                naming it.
        """
        self.path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        with os_errors_as("cannot write", path):
            make_folder(path.parent)
            self._descriptor = open_own(path, flags)
            try:
                before_change()
                _mend_last_line(self._descriptor, path)
                sync_folder(path.parent)
            except BaseException:
                os.close(self._descriptor)
                raise

    def append(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append the rows in one write; on an error none of them stays.

        Raises:
            StrideError: the rows cannot be written, or one is too long to be read, naming the
                file.
        """
        self.append_lines(lines_of(self.path, rows))

    def append_lines(self, data: bytes) -> None:
        """Append what `lines_of` returned.

        Raises:
            StrideError: it cannot be written, naming the file.
        """
        if data:
            with os_errors_as("cannot write", self.path):
                append_all(self._descriptor, data)

    def sync(self) -> None:
        """Make everything appended durable."""
        with os_errors_as("cannot write", self.path):
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Make everything appended durable and close the file; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor < 0:
            return
        try:
            with os_errors_as("cannot write", self.path):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def lines_of(path: Path, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the lines that hold the rows.

    Raises:
        RunError: one is too long to be read, naming the file.
    """
    encoded = [json_bytes(row) for row in rows]
    require_size(path, max(map(len, encoded), default=0), LINE_LIMIT)
    return b"".join(encoded)


def _mend_last_line(descriptor: int, path: Path) -> None:
    """End a whole last line, cut off a torn one: no later row may be glued to it."""
    size = os.fstat(descriptor).st_size
    start = _start_of_last_line(descriptor, size)
    if start < 0:
        what = f"the last line is longer than {LINE_LIMIT >> 20} MiB"
        raise RunError(what, where=str(path))
    tail = os.pread(descriptor, size - start, start)
    if not tail:
        return
    if as_row(tail) is None:
        os.ftruncate(descriptor, start)
    else:
        write_all(descriptor, b"\n")


def _start_of_last_line(descriptor: int, size: int) -> int:
    """Return the offset after the last newline, -1 where that is too far from the file's end."""
    end = size
    while end > 0:
        if size - end > LINE_LIMIT:
            return -1
        begin = max(0, end - 65536)
        newline = os.pread(descriptor, end - begin, begin).rfind(b"\n")
        if newline >= 0:
            return begin + newline + 1
        end = begin
    return 0


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read a stream of JSON objects, without a torn last line; no file is an empty stream.

    Raises:
        RunError: as `scan`.
    """
    return [row for _, row in scan(path)]


def _ignore(line: int) -> None:
    """Report no torn line."""


def scan(
    path: Path, on_torn: Callable[[int], None] = _ignore
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number of each line and its object; no file is an empty stream.

    Args:
        path: the stream.
        on_torn: called with the number of the last line where that is torn: it is skipped.

    Raises:
        RunError: a line before the last is not a JSON object, or the file cannot be read.
    """
    return enumerate(chain.from_iterable(blocks(path, on_torn)), 1)


def blocks(path: Path, on_torn: Callable[[int], None] = _ignore) -> Iterator[list[dict[str, Any]]]:
    """Yield the objects of some hundred lines at a time, as `scan` does one by one.

    Args:
        path: the stream.
        on_torn: as of `scan`.

    Raises:
        RunError: as `scan`, after the rows before the broken line.
    """
    if not os.path.lexists(path):
        return
    with os_errors_as("cannot read", path, RunError):
        for first, chunk in _chunks(path):
            rows = load_flat_lines(chunk) if len(chunk) <= LINE_LIMIT else None
            if rows is None:
                yield from _one_by_one(path, first, chunk, on_torn)
            else:
                yield rows


def _one_by_one(
    path: Path, first: int, chunk: bytes, on_torn: Callable[[int], None]
) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    for number, line in _numbered(path, first, chunk):
        row = as_row(line)
        if row is not None:
            rows.append(row)
        elif line.endswith(b"\n"):
            yield rows
            raise BrokenRecord(f"line {number} is not a JSON object", where=str(path))
        else:
            on_torn(number)
    yield rows


def as_row(line: bytes) -> dict[str, Any] | None:
    """Return the object on a line; no beginning of a JSON object is itself one."""
    try:
        row = load_json(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a stream of a run; a torn last one is without its end.

    It is the last even where its writer ends it meanwhile: what comes then is not a line.

    Raises:
        RunError: as `open_own`; or a line is longer than any that STRIDE writes.
        OSError: as `open_own`.
    """
    for first, chunk in _chunks(path):
        for _, line in _numbered(path, first, chunk):
            yield line


def _chunks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the number of a line, and what it and some lines after it hold."""
    number = 1
    with reading(path) as file:
        while chunk := file.read(_CHUNK):
            if not chunk.endswith(b"\n"):
                chunk += file.readline(LINE_LIMIT + 1)
            yield number, chunk
            if not chunk.endswith(b"\n"):
                return
            number += chunk.count(b"\n")


def _numbered(path: Path, first: int, chunk: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(BytesIO(chunk), first):
        if len(line) > LINE_LIMIT:
            what = f"line {number} is longer than {LINE_LIMIT >> 20} MiB"
            raise RunError(what, where=str(path))
        yield number, line
