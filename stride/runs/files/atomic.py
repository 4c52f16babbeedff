"""Write whole files and line streams so that no reader ever sees a torn one.

A whole file appears by write-temporary, fsync, rename, fsync of the folder. A stream grows by
whole lines in one write each; a torn last line is skipped by readers and mended by the next
writer. Names are not stored here but in `layout`.

What comes into its place, or leaves it, goes `through` a folder of the writer's where it has one:
without that folder neither can happen any more.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from stride.errors import BrokenRecord, RunError
from stride.installed import upgrade_hint
from stride.runs.files.durable import make_folder, os_errors_as, sync_folder, write_all
from stride.runs.files.encoding import json_bytes, load_json
from stride.runs.files.safe_open import RECORD_LIMIT, open_own, read_own
from stride.runs.layout import FORMAT_VERSION, TEMPORARY_PREFIX

_PIECE = 2**20


def _nothing() -> None:
    """Check nothing."""


def atomic_write(
    path: Path,
    data: bytes | str | Iterator[memoryview],
    *,
    through: Path | None = None,
    before_rename: Callable[[], None] = _nothing,
) -> None:
    """Put a whole file in place: readers see the old one or the new one, never a part.

    Args:
        path: the file.
        data: its content, whole or piece by piece; text is written as UTF-8.
        through: where the temporary file is; beside the file if None.
        before_rename: called at the last moment; may raise to leave the old file as it is.

    Raises:
        StrideError: the file cannot be written (full disk, no permission), naming it.
    """
    os.close(atomic_open(path, data, through=through, before_rename=before_rename))


def atomic_open(
    path: Path,
    data: bytes | str | Iterator[memoryview],
    *,
    through: Path | None = None,
    before_rename: Callable[[], None] = _nothing,
) -> int:
    """Put a whole file in place; return a descriptor that appends to this very file.

    It does so whatever has taken the file's name meanwhile. Arguments and errors are those of
    `atomic_write`.
    """
    with os_errors_as("cannot write", path):
        temporary, descriptor = _written_aside(path, data, through)
        try:
            before_rename()
            os.replace(temporary, path)
            sync_folder(path.parent)
        except BaseException:
            os.close(descriptor)
            temporary.unlink(missing_ok=True)
            raise
    return descriptor


def atomic_create(path: Path, data: bytes | str, *, through: Path | None = None) -> None:
    """Put a whole file in place unless one is there: of several callers one succeeds.

    Args:
        path: the file.
        data: its content.
        through: where the temporary file is; beside the file if None.

    Raises:
        FileExistsError: somebody else was first.
        StrideError: the file cannot be written, naming it.
    """
    with os_errors_as("cannot write", path, passing=FileExistsError):
        temporary, descriptor = _written_aside(path, data, through)
        os.close(descriptor)
        try:
            _link_or_claim(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)


def _link_or_claim(temporary: Path, path: Path) -> None:
    """Give a finished file its name exclusively, also where there are no hard links."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        os.replace(temporary, path)


def atomic_json(path: Path, value: Any) -> None:
    """Put a JSON file in place in one move, non-finite numbers as text."""
    atomic_write(path, json_bytes(value, indent=2))


@contextmanager
def atomic_folder(
    path: Path, *, through: Path | None = None, before_rename: Callable[[], None] = _nothing
) -> Iterator[Path]:
    """Fill a temporary folder, then give it its name in one move.

    An older folder of that name is replaced. On an exception nothing of the new one remains.

    Args:
        path: the folder.
        through: where the temporary folder is; beside the folder if None.
        before_rename: called at the last moment; may raise to give the new folder up.

    Raises:
        StrideError: the folder cannot be written, naming it.
    """
    temporary = _aside(path, through)
    try:
        with os_errors_as("cannot write", path):
            if through is None:
                make_folder(path.parent)  # the temporary folder is in it
            temporary.mkdir()
            make_folder(path.parent)
            yield temporary
            _sync_tree(temporary)
            before_rename()
            _replace_folder(temporary, path, through)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _replace_folder(new: Path, path: Path, through: Path | None) -> None:
    """Rename new to path; a folder cannot be renamed over a full one, so that goes aside.

    It is deleted when it can come back no more: a power cut could bring it back half deleted.
    """
    old = _aside(path, through)
    with suppress(FileNotFoundError):
        os.rename(path, old)
    try:
        os.rename(new, path)
    except OSError:
        with suppress(FileNotFoundError):
            os.rename(old, path)
        raise
    sync_folder(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def remove_folder(path: Path, *, through: Path | None = None) -> None:
    """Take a folder out of sight in one durable move, then delete it; it may stay where that fails.

    Args:
        path: the folder.
        through: where it waits for its deletion; beside its place if None.
    """
    shutil.rmtree(_moved_aside(path, through), ignore_errors=True)


def remove_file(path: Path, *, through: Path | None = None) -> None:
    """Take a file away in one durable move, as `remove_folder` does a folder."""
    with suppress(OSError):
        _moved_aside(path, through).unlink()


def read_json(path: Path, limit: int = RECORD_LIMIT) -> Any:
    """Read a JSON file.

    Args:
        path: the file.
        limit: bytes of the largest one that is read.

    Raises:
        RunError: the file is missing (the cause is then a FileNotFoundError), unreadable, larger
            than the limit, no JSON, or no file of the run's own, as `open_own` says.
    """
    try:
        return load_json(read_own(path, limit))
    except FileNotFoundError as cause:
        raise RunError(f"no {path.name} here", where=str(path)) from cause
    except OSError as cause:
        raise RunError(f"cannot read: {cause.strerror}", where=str(path)) from cause
    except ValueError as cause:
        raise BrokenRecord(f"{path.name} is not JSON: {cause}", where=str(path)) from cause


def read_record(
    path: Path, *, unversioned: int | None = None, limit: int = RECORD_LIMIT
) -> dict[str, Any]:
    """Read a JSON file that carries a format_version; refuse one of a newer STRIDE by name.

    Args:
        path: the file.
        unversioned: the version of an object without one; None refuses it.
        limit: as of `read_json`.

    Raises:
        RunError: as `read_json`; also no object, no format_version, or a newer one.
    """
    record = read_json(path, limit)
    is_object = isinstance(record, dict)
    version = record.get("format_version", unversioned) if is_object else None
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BrokenRecord(f"{path.name} has no format_version", where=str(path))
    if version > FORMAT_VERSION:
        what = f"{path.name} was written by a newer STRIDE (format {version}, not {FORMAT_VERSION})"
        raise RunError(what, where=str(path), hint=upgrade_hint())
    return dict(record)


def own_copy(
    path: Path, *, through: Path | None = None, before_rename: Callable[[], None] = _nothing
) -> bool:
    """Put a copy in the place of a file that has other names too, as after `cp -al`.

    What is appended to it from then on does not reach them. Arguments and errors are those of
    `atomic_write`.

    Returns:
        whether it had any.
    """
    try:
        shared = os.lstat(path).st_nlink > 1
    except OSError:
        return False
    if shared:
        with os_errors_as("cannot read", path):
            descriptor = open_own(path)
        with os.fdopen(descriptor, "rb") as file:
            atomic_write(path, pieces(file), through=through, before_rename=before_rename)
    return shared


def pieces(file: BinaryIO, size: int | None = None) -> Iterator[memoryview]:
    """Yield so many bytes of a file from where it stands, all that are left without a number."""
    left = sys.maxsize if size is None else size
    while left > 0 and (piece := file.read(min(left, _PIECE))):
        left -= len(piece)
        yield memoryview(piece)


def _aside(path: Path, through: Path | None) -> Path:
    """Return a temporary name that no other process on any host has."""
    folder = path.parent if through is None else through
    return folder / f"{TEMPORARY_PREFIX}{os.urandom(6).hex()}-{path.name[:64]}"


def _moved_aside(path: Path, through: Path | None) -> Path:
    """Take a file or folder out of sight in one durable move, where that can be done."""
    aside = _aside(path, through)
    with suppress(OSError):
        os.rename(path, aside)
        sync_folder(path.parent)
    return aside


def _written_aside(
    path: Path, data: bytes | str | Iterator[memoryview], through: Path | None
) -> tuple[Path, int]:
    """Write a durable temporary file; return its path and a descriptor that appends to it."""
    content = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    pieces = iter([memoryview(content)]) if isinstance(content, bytes) else content
    temporary = _aside(path, through)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
    descriptor = os.open(temporary, flags, 0o666)
    try:
        for piece in pieces:
            write_all(descriptor, piece)
        os.fsync(descriptor)
    except BaseException:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)
        raise
    return temporary, descriptor


def _sync_tree(folder: Path) -> None:
    """Make every file and folder below a folder durable."""
    for root, _, names in os.walk(folder):
        for name in names:
            descriptor = os.open(Path(root, name), os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_folder(Path(root))
