"""Write a new file past the system's cache, hashed on its way to the disk."""

import errno
import fcntl
import hashlib
import mmap
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from stride.runs.files.durable import os_errors_as

_BLOCK = 2**20  # stays in a core's cache from its copy over its hash to the disk


def write_hashed(path: Path, pieces: Iterable[bytes | memoryview]) -> dict[str, Any]:
    """Write a new file, durable; return its SHA-256 and its size in bytes.

    Its name is durable when its folder is.

    Raises:
        StrideError: it cannot be written (full disk, no permission), naming it.
    """
    with os_errors_as("cannot write", path), HashedFile(path) as file:
        for piece in pieces:
            file.write(piece)
        return file.finish()


class HashedFile:
    """A file under construction, with the SHA-256 of what is written into it.

    Its blocks go to the disk without a copy in the system's cache: that takes half the time, and
    leaves what memory there is to the training's data. Where the file system cannot do that, they
    take the ordinary way.

    Args:
        path: the file; made here, with the mode that the umask leaves.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        self._direct = False
        with suppress(OSError):  # some file systems know no such flag
            self._set_direct(True)
        self._view = memoryview(mmap.mmap(-1, _BLOCK))  # at a page's begin, as the disk needs it
        self._used = 0
        self._size = 0
        self._digest = hashlib.sha256()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes.

        Raises:
            OSError: the disk is full, or fails.
        """
        left = memoryview(data)
        while left:
            taken = left[: _BLOCK - self._used]
            self._view[self._used : self._used + len(taken)] = taken
            self._used += len(taken)
            left = left[len(taken) :]
            if self._used == _BLOCK:
                self._pass_on()

    def finish(self) -> dict[str, Any]:
        """Make the file durable; return its SHA-256 and its size in bytes."""
        if self._direct:  # which the last block, no whole one, is too short for
            self._set_direct(False)
        self._pass_on()
        os.fsync(self._descriptor)
        return {"sha256": self._digest.hexdigest(), "size": self._size}

    def _pass_on(self) -> None:
        """Hash the block, write it, and begin the next."""
        block = self._view[: self._used]
        self._digest.update(block)
        written = 0
        while written < self._used:
            try:
                written += os.write(self._descriptor, block[written:])
            except OSError as error:
                if error.errno != errno.EINVAL or not self._direct:
                    raise
                self._set_direct(False)  # what is left, or any block, is too short for this disk
        self._size += self._used
        self._used = 0

    def _set_direct(self, wanted: bool) -> None:
        flags = fcntl.fcntl(self._descriptor, fcntl.F_GETFL)
        direct = getattr(os, "O_DIRECT", 0)
        fcntl.fcntl(self._descriptor, fcntl.F_SETFL, flags | direct if wanted else flags & ~direct)
        self._direct = wanted
