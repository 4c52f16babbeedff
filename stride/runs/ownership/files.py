"""Change the files of a run as the segment that owns it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stride.runs.files.atomic import (
    atomic_folder,
    atomic_write,
    own_copy,
    remove_file,
    remove_folder,
)
from stride.runs.files.durable import make_folder, os_errors_as
from stride.runs.files.jsonl import LineFile, lines_of
from stride.runs.ownership.ownership import Ownership
from stride.runs.ownership.places import is_owned, require_free


class OwnedFiles:
    """The files, folders and streams that one segment puts into its run, or takes away.

    Each method but `sync` and `close` raises LostRun where a newer segment owns the run, and a
    StrideError that names what cannot be written.

    Args:
        ownership: of the segment.
        uuid: the run's own.
    """

    def __init__(self, ownership: Ownership, uuid: str) -> None:
        self._ownership, self._paths, self._uuid = ownership, ownership.paths, uuid
        self._streams: dict[Path, LineFile] = {}

    def write(self, path: Path, content: bytes | str | Iterator[memoryview]) -> None:
        """Put a whole file in place, in one move."""
        with self._ownership.telling():
            if not path.parent.is_dir():  # to make it is an act
                self._ownership.check()
                with os_errors_as("cannot write", path):
                    make_folder(path.parent)
            atomic_write(path, content, **self._way(path))

    @contextmanager
    def folder(self, path: Path) -> Iterator[Path]:
        """Fill a temporary folder, which takes its place in one move at the end of the block."""
        require_free(self._paths, path, self._uuid)
        with self._ownership.acting(), atomic_folder(path, **self._way(path)) as folder:
            yield folder

    def remove_folder(self, path: Path) -> None:
        """Take a folder out of sight in one move and delete it, if it is known to be the run's."""
        self._ownership.check()
        if is_owned(self._paths, path, self._uuid):
            remove_folder(path, through=self._ownership.staging_for(path))

    def remove_file(self, path: Path) -> None:
        """Take a file away in one move."""
        self._ownership.check()
        remove_file(path, through=self._ownership.staging_for(path))

    def put_away(self, path: Path) -> None:
        """Take a file out of sight in one move; it is deleted when the ownership ends.

        Raises:
            OSError: it is not there, or cannot be moved.
        """
        with self._ownership.acting():
            os.rename(path, self._ownership.staging_for(path) / path.name)

    def append(self, stream: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows to a stream in one write, which a SIGKILL cannot undo."""
        data = lines_of(stream, rows)  # before there is a stream: what is refused leaves none
        with self._ownership.acting():
            if own_copy(stream, **self._way(stream)) and stream in self._streams:
                self._streams.pop(stream).close()
            if stream not in self._streams:
                self._streams[stream] = LineFile(stream, before_change=self._ownership.check)
            self._streams[stream].append_lines(data)

    def sync(self) -> None:
        """Make everything appended durable."""
        for file in list(self._streams.values()):
            file.sync()

    def close(self) -> None:
        """Make everything appended durable, and append no more."""
        for file in self._streams.values():
            file.close()

    def _way(self, path: Path) -> dict[str, Any]:
        return {
            "through": self._ownership.staging_for(path),
            "before_rename": self._ownership.check,
        }
