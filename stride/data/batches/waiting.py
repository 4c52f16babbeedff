"""Track how long threads wait for a batch, and kill the workers behind such a wait."""

import multiprocessing
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from threading import get_ident
from types import FrameType
from typing import Any, NamedTuple

_KILLED_IN = 1.0  # seconds in which the system takes a killed process away


class WaitEnded(KeyboardInterrupt):
    """Abort the wait for a batch, whose draws are discarded."""


class Wait(NamedTuple):
    """One wait for a batch.

    Attributes:
        since: when it began, as `time.monotonic` says.
        workers: how many processes make batches; 0 where the waiting one does.
    """

    since: float
    workers: int


_WAITS: dict[int, tuple[float, int]] = {}  # by thread


def wait_in(thread: int) -> Wait | None:
    """Return the wait for a batch that a thread is in, by the thread's identifier."""
    found = _WAITS.get(thread)
    return None if found is None else Wait(*found)


class TimedIterator(Iterator[Any]):
    """Iterate over batches, recording when the wait for each began.

    Args:
        batches: a loader, or what gives the batches of one.
    """

    __slots__ = ("_next", "_workers")

    def __init__(self, batches: Iterable[Any]) -> None:
        workers = getattr(batches, "num_workers", 0)
        self._workers = workers if isinstance(workers, int) else 0
        with _noted(self._workers):  # workers that are kept between epochs answer here
            self._next = iter(batches).__next__

    def __next__(self) -> Any:
        thread = get_ident()
        _WAITS[thread] = (time.monotonic(), self._workers)
        try:
            return self._next()
        finally:
            _WAITS.pop(thread, None)


@contextmanager
def _noted(workers: int) -> Iterator[None]:
    thread = get_ident()
    _WAITS[thread] = (time.monotonic(), workers)
    try:
        yield
    finally:
        _WAITS.pop(thread, None)


def end_workers(frame: FrameType | None) -> None:
    """Kill the loader workers that a frame or one of its callers waits for.

    A worker that hangs hears nothing else, and torch would wait five seconds for each. To be
    called in the main thread: torch takes the death of a worker for an error, and must not see it.
    """
    workers = _workers_above(frame)
    before = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join(_KILLED_IN)
    finally:
        signal.signal(signal.SIGCHLD, before if before is not None else signal.SIG_DFL)


def _workers_above(frame: FrameType | None) -> list[BaseProcess]:
    """Return the processes of the DataLoader's iterations among the callers of a frame."""
    held: list[Any] = []
    while frame is not None:
        found = getattr(frame.f_locals.get("self"), "__dict__", {}).get("_workers")
        held += found if isinstance(found, list) else []
        frame = frame.f_back
    return [child for child in multiprocessing.active_children() if child in held]
