"""Call things every few seconds, all those of a process in one thread."""

import heapq
import os
import threading
import time
from collections.abc import Callable
from contextvars import copy_context

_GRID = 0.5  # seconds: tasks fall due together, so that a process with many of them wakes seldom
_PATIENCE = 0.25  # seconds by which a task may be late before another thread takes over


class PeriodicTask:
    """Call something every few seconds in the background, until stopped.

    However many tasks there are, one thread calls them one after the other, and another watches
    it. A call that hangs, as by a disk that is away, or that raises, holds up the other tasks for
    a quarter of a second: then the second thread takes over. A forked process has no task of its
    parent's. Each speaks for who made it, as `stride.log` knows it.

    Args:
        every: seconds between two calls; while one is under way, no other begins.
        call: is called. What it raises is told as of any thread, and it is called again.
    """

    def __init__(self, every: float, call: Callable[[], object]) -> None:
        self._every, self.call = every, call
        self._context = copy_context()
        self.due = 0.0

    def start(self) -> None:
        """Begin to call it: for the first time when the seconds are over, or a bit earlier."""
        _CLOCK.add(self)

    def stop(self) -> None:
        """Call it no more, and wait for a call that is under way; its own must not ask for it."""
        _CLOCK.remove(self)

    def run(self) -> None:
        """Call it now."""
        self._context.run(self.call)

    def postpone(self) -> None:
        """Set the time of the next call, as `time.monotonic` says."""
        grid = min(_GRID, self._every)
        self.due = (time.monotonic() + self._every) // grid * grid

    def __lt__(self, other: "PeriodicTask") -> bool:
        return self.due < other.due


class _Clock:
    """Call the tasks of this process, with no thread where there is none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._returned = threading.Condition(self._lock)
        self._tasks: list[PeriodicTask] = []  # a heap, the next one first
        self._called: set[PeriodicTask] = set()  # whose calls are under way
        self._threads: list[threading.Thread] = []  # the one that calls, the one that watches it

    def add(self, task: PeriodicTask) -> None:
        with self._lock:
            self._begin_threads()
            task.postpone()
            heapq.heappush(self._tasks, task)
            if self._tasks[0] is task:  # else they wake early enough
                self._changed.notify_all()

    def remove(self, task: PeriodicTask) -> None:
        ended: list[threading.Thread] = []
        with self._lock:
            self._tasks = [one for one in self._tasks if one is not task]
            heapq.heapify(self._tasks)
            if not self._tasks:  # what is added from now on has threads of its own
                ended, self._threads = self._threads, []
                self._changed.notify_all()
            self._returned.wait_for(lambda: task not in self._called)
        for thread in ended:
            thread.join()

    def _begin_threads(self) -> None:
        while len(self._threads) < 2:
            thread = threading.Thread(target=self._work, name="stride-periodic", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system gives no more, or the interpreter ends
                if self._threads:
                    return
                raise
            self._threads.append(thread)

    def _work(self) -> None:
        for task in iter(self._next, None):
            try:
                task.run()
            finally:
                with self._lock:
                    self._called.discard(task)
                    self._returned.notify_all()
                del task  # whose memory may be a device's

    def _next(self) -> PeriodicTask | None:
        """Return what this thread is to call, when it is due; None once it is not needed."""
        me = threading.current_thread()
        with self._lock:
            while self._tasks and me in self._threads:
                patience = 0.0 if me is self._threads[0] else _PATIENCE
                wait = self._tasks[0].due + patience - time.monotonic()
                if wait > 0:
                    self._changed.wait(wait)
                elif (task := self._take()) not in self._called:
                    self._called.add(task)
                    del self._threads[: self._threads.index(me)]  # who was before hangs in a call
                    self._begin_threads()
                    return task
            self._threads = [one for one in self._threads if one is not me]
        return None

    def _take(self) -> PeriodicTask:
        task = self._tasks[0]
        task.postpone()
        return heapq.heapreplace(self._tasks, task)


_CLOCK = _Clock()


def _begin_anew() -> None:
    """Let a forked process have tasks, which has none of its parent's threads."""
    global _CLOCK
    _CLOCK = _Clock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
