"""Keep other processes out by a locked file, where the file system has locks."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stride.errors import RunError
from stride.runs.files.safe_open import require_own

_SECONDS = 60.0
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP}


@contextmanager
def locked(file: Path, *, seconds: float | None = None, held: str = "") -> Iterator[None]:
    """Hold the lock of a file during the block; without locks the block runs unprotected.

    Args:
        file: the file, which is made.
        seconds: how long another process may hold it, 60 where nothing is said.
        held: what to say of one that holds it for longer.

    Raises:
        RunError: another process holds it for too long, or the file is a link that leads out.
        OSError: the file cannot be made.
    """
    from filelock import FileLock, Timeout  # readers never need it

    if os.path.lexists(file):  # locking truncates the file that a link leads to
        require_own(file)
    seconds = _SECONDS if seconds is None else seconds
    lock = FileLock(file, timeout=seconds)
    try:
        lock.acquire()
    except Timeout as cause:
        what = held or f"another process holds the lock for more than {seconds:.0f} s"
        raise RunError(what, where=str(file)) from cause
    except NotImplementedError:
        pass
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    try:
        yield
    finally:
        lock.release()
