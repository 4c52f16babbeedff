"""Open the files of a run: regular files alone, and none behind a link that leads out of the run.

A run folder may come from anybody. A link in it could name a private file, which resuming would
copy and write to; a FIFO has no end to wait for, a device none to read to.
"""

import errno
import os
import stat
from io import DEFAULT_BUFFER_SIZE, BufferedReader, FileIO
from pathlib import Path

from stride.errors import RunError
from stride.runs.files.durable import os_errors_as
from stride.runs.layout import home_of

RECORD_LIMIT = 64 * 2**20
"""Bytes of the largest JSON file; what is larger is none that STRIDE wrote."""

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_FLAGS = _NOFOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_IS_LINK = {errno.ELOOP, errno.EMLINK}
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_HINT = "put the file itself in its place: only `checkpoints` and the run folder may be links"


def open_own(path: str | os.PathLike[str], flags: int = os.O_RDONLY) -> int:
    """Open a file of a run; return a descriptor of a regular file.

    Args:
        path: the file. It may be a link to another file of its run.
        flags: how it is opened.

    Raises:
        RunError: it is not a regular file, or it, or a folder on the way, is a link that leads out.
        OSError: the system cannot open it.
    """
    place = os.fspath(path)
    home = home_of(place)
    folder = os.path.dirname(place)
    if (folder != home and os.path.islink(folder)) or (not _NOFOLLOW and os.path.islink(place)):
        require_inside(place, home)
    try:
        descriptor = os.open(place, flags | _FLAGS | _BINARY, 0o666)
    except OSError as error:
        if error.errno not in _IS_LINK:
            _require_regular(place, os.lstat(place) if os.path.lexists(place) else None)
            raise
        descriptor = os.open(require_inside(place, home), flags | _FLAGS | _BINARY, 0o666)
    try:
        _require_regular(place, os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def require_inside(path: str, home: str) -> str:
    """Return where a path leads; refuse one that leads out of a folder by links.

    Raises:
        RunError: it does.
    """
    real, inside = os.path.realpath(path), os.path.realpath(home)
    if real != inside and not real.startswith(os.path.join(inside, "")):
        name = os.path.basename(path)
        raise RunError(f"{name} is a link out of the run folder", where=path, hint=_HINT)
    return real


def _require_regular(path: str, found: os.stat_result | None) -> None:
    kind = _KINDS.get(stat.S_IFMT(found.st_mode)) if found is not None else None
    if kind is not None:
        raise RunError(f"{os.path.basename(path)} is {kind}, not a file", where=path, hint=_HINT)


def require_own(path: Path) -> None:
    """Refuse what `open_own` refuses, before something that opens files by itself.

    Raises:
        RunError: as `open_own`; or it cannot be opened (the cause is then an OSError).
    """
    with os_errors_as("cannot read", path, RunError):
        os.close(open_own(path))


def reading(path: Path, buffering: int = DEFAULT_BUFFER_SIZE) -> BufferedReader:
    """Open a file of a run for reading bytes.

    Raises:
        RunError: as `open_own`.
        OSError: as `open_own`.
    """
    return BufferedReader(FileIO(open_own(path)), buffering)


def read_own(path: str | os.PathLike[str], limit: int = RECORD_LIMIT) -> bytes:
    """Return the bytes of a file of a run.

    Raises:
        RunError: as `open_own`; or the file is larger than the limit.
        OSError: as `open_own`.
    """
    with os.fdopen(open_own(path), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        require_size(path, size, limit)
        content = file.read(size + 1)
    return content


def require_size(path: str | os.PathLike[str], size: int, limit: int) -> None:
    """Refuse a file that is too large to be read whole, before it is written too.

    Raises:
        RunError: it is.
    """
    if size > limit:
        what = f"{os.path.basename(path)} is larger than the {limit >> 20} MiB that it may have"
        raise RunError(what, where=os.fspath(path))
