"""Write bytes and make them durable; tell what went wrong in one line."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stride.errors import StrideError

# Some network file systems cannot fsync a folder, or not one that is open for reading only; one
# that this user may not read cannot be opened for it.
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES}


@contextmanager
def os_errors_as(
    what: str,
    path: Path,
    error: type[StrideError] = StrideError,
    *,
    passing: type[OSError] | tuple[type[OSError], ...] = (),
) -> Iterator[None]:
    """Turn the system's error into one line that names the path; let `passing` through."""
    try:
        yield
    except passing:
        raise
    except OSError as cause:
        reason = cause.strerror or str(cause)
        raise error(f"{what}: {reason}", where=str(path)) from cause


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the file system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder, and those above it, with durable names; one that is there stays.

    What is synced inside of a folder is lost with the folder's own name.

    Args:
        folder: the folder.
        mode: its rights, of which the umask leaves some; those above have the usual ones.
    """
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode, exist_ok=True)
        sync_folder(folder.parent)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all the bytes, however many calls the system takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def append_all(descriptor: int, data: bytes) -> None:
    """Append all the bytes to a file, or none of them where the system refuses."""
    size = os.fstat(descriptor).st_size
    try:
        write_all(descriptor, data)
    except OSError:
        with suppress(OSError):
            os.ftruncate(descriptor, size)
        raise
