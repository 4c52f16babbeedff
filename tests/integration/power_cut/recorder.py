"""Record, in their order, all operations of a process that change what is below a folder.

Everything that is written there goes through functions of `os`, which are wrapped. Files of
`open`, whose own writes happen in C, are those of `_pyio` meanwhile, which calls `os` too. What
were to go past both would be missing in the folder that is rebuilt from the record, which a test
compares with the real one.
"""

import _pyio
import builtins
import fcntl
import io
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

ROOT = 0
"""The number of the folder that is recorded."""


class Names(NamedTuple):
    """Give names in folders to files and folders, or take them away, in one move.

    Attributes:
        changes: folder, name, and what has it now, None where nothing has.
    """

    changes: tuple[tuple[int, str, int | None], ...]


class Write(NamedTuple):
    """Write bytes at an offset of a file."""

    file: int
    offset: int
    data: bytes


class Cut(NamedTuple):
    """Give a file a size."""

    file: int
    size: int


class Sync(NamedTuple):
    """Make a file's content, or a folder's names, durable."""

    what: int


class Told(NamedTuple):
    """Tell a person or a caller that something is done, with what it is done to."""

    words: str
    name: str


Operation = Names | Write | Cut | Sync | Told


@dataclass
class Record:
    """All that happened below a folder.

    Attributes:
        modes: of files and folders, by their numbers.
        operations: in their order.
        begun: how many of them made what was there at the beginning, and made it durable.
    """

    modes: dict[int, int] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    begun: int = 0


class Recorder:
    """Wrap the functions of `os`, and note what they do below a folder.

    Each call is noted while no other can happen: the order is one that the disk has seen.
    """

    def __init__(self, root: Path) -> None:
        self.record = Record()
        self._lock = threading.RLock()
        self._numbers: dict[tuple[int, int], int] = {}
        self._numbered(os.stat(root))
        self._read(root)
        self.record.begun = len(self.record.operations)

    def _read(self, folder: Path) -> None:
        """Note what is there at the beginning."""
        for path in sorted(folder.iterdir()):
            self._made(str(path), None)
            if path.is_dir():
                self._read(path)
            else:
                self._note(Write(self._number(path), 0, path.read_bytes()))
                self._note(Sync(self._number(path)))
        self._note(Sync(self._number(folder)))

    def told(self, words: str, name: str = "") -> None:
        """Note that something was told."""
        with self._lock:
            self._note(Told(words, name))

    def _note(self, *operations: Operation) -> None:
        self.record.operations += operations

    def _number(self, at: Any) -> int:
        return self._numbers[_identity(os.stat(at))]

    def _known(self, at: Any) -> int | None:
        """Return the number of an open file, or of what a path leads to."""
        try:
            return self._numbers.get(_identity(os.stat(at)))
        except FileNotFoundError:
            return None

    def _place(self, path: Any, dir_fd: int | None) -> tuple[int, str] | None:
        """Return folder and name of a path; None where the folder is none of ours."""
        whole = os.fspath(path)
        if dir_fd is not None:
            whole = os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), whole)
        above, name = os.path.split(os.path.abspath(whole))
        folder = self._known(above)
        return None if folder is None else (folder, name)

    def _made(self, path: Any, dir_fd: int | None) -> None:
        """Note a new file or folder by its first name."""
        place = self._place(path, dir_fd)
        if place is not None:
            self._note(Names(((*place, self._numbered(os.stat(path, dir_fd=dir_fd))),)))

    def _numbered(self, found: os.stat_result) -> int:
        """Give a new file or folder its number."""
        number = len(self.record.modes)
        self.record.modes[number] = found.st_mode
        self._numbers[_identity(found)] = number
        return number

    def open(self, function: Callable[..., int], path: Any, flags: int, *rest: Any, **named: Any):
        """Open a file, which may make it or take what is in it."""
        dir_fd = named.get("dir_fd")
        new = flags & os.O_CREAT and not _is_there(path, dir_fd)
        descriptor = function(path, flags, *rest, **named)
        if new:
            self._made(path, dir_fd)
        elif flags & os.O_TRUNC and (file := self._known(descriptor)) is not None:
            self._note(Cut(file, 0))
        return descriptor

    def write(self, function: Callable[..., int], descriptor: int, data: Any) -> int:
        """Write where the file stands."""
        file = self._known(descriptor)
        if file is None:
            return function(descriptor, data)
        appends = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND
        offset = os.lseek(descriptor, 0, os.SEEK_END if appends else os.SEEK_CUR)
        written = function(descriptor, data)
        self._note(Write(file, offset, bytes(memoryview(data).cast("B")[:written])))
        return written

    def ftruncate(self, function: Callable[..., None], descriptor: int, size: int) -> None:
        """Cut a file."""
        function(descriptor, size)
        if (file := self._known(descriptor)) is not None:
            self._note(Cut(file, size))

    def fsync(self, function: Callable[..., None], descriptor: int) -> None:
        """Make durable what is open."""
        function(descriptor)
        if (what := self._known(descriptor)) is not None:
            self._note(Sync(what))

    def mkdir(self, function: Callable[..., None], path: Any, *rest: Any, **named: Any) -> None:
        """Make a folder."""
        function(path, *rest, **named)
        self._made(path, named.get("dir_fd"))

    def link(self, function: Callable[..., None], path: Any, new: Any, **named: Any) -> None:
        """Give a file a further name."""
        function(path, new, **named)
        if (place := self._place(new, None)) is not None:
            self._note(Names(((*place, self._number(new)),)))

    def rename(self, function: Callable[..., None], path: Any, new: Any, **named: Any) -> None:
        """Give a file or folder another name, which nothing else has then."""
        number, before, after = self._known(path), self._place(path, None), self._place(new, None)
        gone = self._last_name(new, None)
        function(path, new, **named)
        self._forget(gone)
        assert (before is None) == (after is None), f"{path} crosses the border by {new}"
        if before is not None and after is not None:
            self._note(Names(((*before, None), (*after, number))))

    replace = rename

    def unlink(self, function: Callable[..., None], path: Any, *, dir_fd: int | None = None):
        """Take a name away."""
        place, gone = self._place(path, dir_fd), self._last_name(path, dir_fd)
        function(path, dir_fd=dir_fd)
        self._forget(gone)
        if place is not None:
            self._note(Names(((*place, None),)))

    remove = rmdir = unlink

    def _last_name(self, path: Any, dir_fd: int | None) -> tuple[int, int] | None:
        """Return what would be gone without this name, whose number another may get then."""
        if not _is_there(path, dir_fd):
            return None
        found = os.stat(path, dir_fd=dir_fd, follow_symlinks=False)
        return _identity(found) if found.st_nlink == 1 or os.path.isdir(path) else None

    def _forget(self, gone: tuple[int, int] | None) -> None:
        if gone is not None:
            self._numbers.pop(gone, None)

    def wrapped(self, name: str) -> Callable[..., Any]:
        """Return a function of `os` that notes what it does."""
        function, noting = getattr(os, name), getattr(self, name)

        def noted(*arguments: Any, **named: Any) -> Any:
            with self._lock:
                return noting(function, *arguments, **named)

        return noted


NOTED = ("open", "write", "ftruncate", "fsync", "mkdir", "link", "rename", "replace")
NOTED += ("unlink", "remove", "rmdir")


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _is_there(path: Any, dir_fd: int | None) -> bool:
    try:
        os.stat(path, dir_fd=dir_fd, follow_symlinks=False)
    except OSError:
        return False
    return True


def _opened(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
    """Open a file; who writes it calls `os`."""
    chosen = _pyio.open if {*mode} & {*"wax+"} else _OPEN
    return chosen(file, mode, *rest, **named)


_OPEN = io.open


@contextmanager
def recorded(root: Path, file: Path) -> Iterator[Recorder]:
    """Record what happens below a folder in the block; leave the record in a file at its end."""
    recorder = Recorder(root)
    wrapped = {name: recorder.wrapped(name) for name in NOTED}
    before = {name: getattr(os, name) for name in NOTED}
    for name, function in wrapped.items():
        setattr(os, name, function)
    builtins.open = io.open = _opened  # type: ignore[assignment]
    try:
        yield recorder
    finally:
        builtins.open = io.open = _OPEN
        for name, function in before.items():
            setattr(os, name, function)
        file.write_bytes(pickle.dumps(recorder.record))
