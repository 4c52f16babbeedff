"""Die at a chosen one of the system calls by which a run is written.

Everything that is written there goes through the functions of `os` named below; a test holds the
files of a checkpoint against the calls that were seen.
"""

import json
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from stride.runs.layout import TEMPORARY_PREFIX

CHANGING = (
    "write",
    "writev",
    "pwrite",
    "pwritev",
    "sendfile",
    "copy_file_range",
    "truncate",
    "ftruncate",
    "posix_fallocate",
    "fsync",
    "fdatasync",
    "rename",
    "replace",
    "link",
    "symlink",
    "unlink",
    "remove",
    "mkdir",
    "rmdir",
    "utime",
    "chmod",
)
"""Calls that change a disk; beside them `open` with a flag for writing."""

WRITERS = r"stride-(checkpoint|\d+)"
"""The threads that write checkpoints, by their names."""


@dataclass
class Deadly:
    """Where to die, and what to note until then.

    Attributes:
        threads: whose calls count, as a pattern of their names.
        place: where the training must be for calls to count, "" for anywhere.
        checkpoint: in the writing of which checkpoint, counted from 1; 0 for all the time.
        call: at which of its calls, counted from 1; 0 for none.
        torn: whether half of that call's bytes are written before; then `call` counts writes.
        frozen: whether to be stopped there instead, until somebody wakes the process.
        calls: a file for the names of all calls, None for none.
    """

    threads: str = WRITERS
    place: str = ""
    checkpoint: int = 0
    call: int = 0
    torn: bool = False
    frozen: bool = False
    calls: str | None = None


class Counter:
    """Count the calls of the watched threads, and kill the process at the chosen one."""

    def __init__(self, deadly: Deadly, where: Callable[[], str]) -> None:
        self._deadly, self._where = deadly, where
        self._counting = threading.Lock()
        self._folders: set[str] = set()
        self._calls = 0
        self.seen: list[list[str]] = []

    def wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, which is counted before it is called."""

        def counted(*arguments: Any, **named: Any) -> Any:
            if self._is_watched() and _changes(name, arguments):
                with self._counting:
                    self._count(name, arguments)
            return function(*arguments, **named)

        return counted

    def _is_watched(self) -> bool:
        return bool(re.fullmatch(self._deadly.threads, threading.current_thread().name))

    def _count(self, name: str, arguments: tuple[Any, ...]) -> None:
        deadly = self._deadly
        if name == "mkdir" and TEMPORARY_PREFIX in str(arguments[0]):
            self._folders.add(str(arguments[0]))
        if deadly.checkpoint and len(self._folders) != deadly.checkpoint:
            return
        if deadly.place and self._where() != deadly.place:
            return
        self.seen.append([name, str(arguments[0])])
        if deadly.torn and name != "write":
            return
        self._calls += 1
        if self._calls == deadly.call:
            if deadly.torn:
                _write_half(*arguments)
            os.kill(os.getpid(), signal.SIGSTOP if deadly.frozen else signal.SIGKILL)


def _changes(name: str, arguments: tuple[Any, ...]) -> bool:
    return name != "open" or bool(arguments[1] & (os.O_WRONLY | os.O_RDWR))


def _write_half(descriptor: int, data: bytes) -> None:
    import fcntl

    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags & ~getattr(os, "O_DIRECT", 0))
    UNWRAPPED["write"](descriptor, bytes(data)[: len(data) // 2])


UNWRAPPED: dict[str, Callable[..., Any]] = {
    name: getattr(os, name) for name in (*CHANGING, "open") if hasattr(os, name)
}


@contextmanager
def dying_at(deadly: Deadly, where: Callable[[], str] = str) -> Iterator[None]:
    """Count the calls in the block, die where it says, or leave their names at its end."""
    counter = Counter(deadly, where)
    for name, function in UNWRAPPED.items():
        setattr(os, name, counter.wrapped(name, function))
    try:
        yield
    finally:
        for name, function in UNWRAPPED.items():
            setattr(os, name, function)
    if deadly.calls is not None:
        with open(deadly.calls, "w") as file:
            json.dump(counter.seen, file)
