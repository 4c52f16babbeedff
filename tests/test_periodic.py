"""Tasks share their threads; one that hangs or raises holds up none of the others."""

import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator

import pytest

from stride import periodic
from stride.periodic import PeriodicTask


@pytest.fixture(autouse=True)
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[threading.Thread]]:
    """Give the threads that there were before, and see that no others are left."""
    monkeypatch.setattr(periodic, "_CLOCK", periodic._Clock())  # others of this process have tasks
    before = set(threading.enumerate())
    yield before
    # `stop` does not wait for a thread that hung.
    assert until(lambda: set(threading.enumerate()) <= before)


class Calls:
    """A task that notes its calls, and may hang in them until it is let go."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.number, self.under_way = 0, 0
        self.called, self.free = threading.Event(), threading.Event()
        if not hangs:
            self.free.set()
        self.task = PeriodicTask(0.01, self.call)
        self.task.start()

    def call(self) -> None:
        self.number, self.under_way = self.number + 1, self.under_way + 1
        self.called.set()
        assert self.under_way == 1 and self.free.wait(20)
        self.under_way -= 1

    def come(self, more: int = 1) -> bool:
        """Wait until it was called some more times."""
        return until(lambda last=self.number + more: self.number >= last)

    def stop(self) -> None:
        self.free.set()
        self.task.stop()


def until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not true() and time.monotonic() < deadline:
        time.sleep(0.005)
    return true()


def test_many_tasks_are_called_again_and_again_by_two_threads(
    threads: set[threading.Thread],
) -> None:
    tasks = [Calls() for _ in range(40)]
    assert until(lambda: all(task.number >= 3 for task in tasks))
    assert until(lambda: len(set(threading.enumerate()) - threads) == 2)
    for task in tasks:
        task.stop()
    assert set(threading.enumerate()) <= threads
    numbers = [task.number for task in tasks]
    time.sleep(0.05)
    assert [task.number for task in tasks] == numbers


@pytest.mark.parametrize("hanging", [1, 8])
def test_those_that_hang_hold_up_no_other_and_are_not_begun_twice(hanging: int) -> None:
    hung = [Calls(hangs=True) for _ in range(hanging)]
    good = Calls()
    assert all(one.called.wait(20) for one in hung) and good.come(10)
    assert [one.number for one in hung] == [1] * hanging
    for one in hung:
        one.free.set()
    assert all(one.come() for one in [*hung, good])
    for one in [*hung, good]:
        one.stop()


def test_no_thread_stays_for_one_that_hung_once(threads: set[threading.Thread]) -> None:
    hung, good = Calls(hangs=True), Calls()
    assert hung.called.wait(20) and good.come(3)
    hung.free.set()
    assert until(lambda: len(set(threading.enumerate()) - threads) == 2)
    hung.stop()
    good.stop()


def test_stopping_waits_for_the_call_under_way_and_for_no_other() -> None:
    hung, good = Calls(hangs=True), Calls()
    assert hung.called.wait(20)
    good.stop()
    stopping = threading.Thread(target=hung.task.stop)
    stopping.start()
    stopping.join(0.05)
    assert stopping.is_alive() and hung.under_way
    hung.free.set()
    stopping.join()
    assert not hung.under_way


def test_one_that_raises_is_told_and_called_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(args.exc_value))
    error = ValueError("no")

    def fails() -> None:
        raise error

    bad, good = PeriodicTask(0.01, fails), Calls()
    bad.start()
    assert until(lambda: len(told) > 1) and good.come(3)
    bad.stop()
    good.stop()
    assert set(told) == {error}


@pytest.mark.parametrize("every", [0.5, 1.0, 10.0, 60.0])
def test_tasks_fall_due_together_and_none_later_than_it_should(every: float) -> None:
    task = PeriodicTask(every, list)
    now = time.monotonic()
    task.postpone()
    assert now + every - 0.5 <= task.due <= time.monotonic() + every
    assert task.due % 0.5 == 0


def test_tasks_begin_and_end_in_many_threads_at_once() -> None:
    def work() -> None:
        for _ in range(30):
            task = Calls()
            time.sleep(0.001)
            task.stop()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
        assert not worker.is_alive()


@pytest.mark.parametrize(("nth", "error"), [(1, RuntimeError), (2, KeyboardInterrupt)])
def test_a_task_that_cannot_begin_harms_no_later_one(
    monkeypatch: pytest.MonkeyPatch, nth: int, error: type[BaseException]
) -> None:
    fail_to_start(monkeypatch, nth, error)
    with pytest.raises(error):
        Calls()
    task = Calls()
    assert task.come()
    task.stop()


def test_where_the_system_gives_one_thread_only_that_one_is_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fail_to_start(monkeypatch, 2, RuntimeError)
    task = Calls()
    assert task.come()
    task.stop()


def fail_to_start(monkeypatch: pytest.MonkeyPatch, nth: int, error: type[BaseException]) -> None:
    """Let the nth thread from now on not begin."""
    begin, numbers = threading.Thread.start, iter(range(1, 1000))

    def start(thread: threading.Thread) -> None:
        if next(numbers) == nth:
            raise error
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", start)


def test_a_forked_process_has_none_of_its_parents_and_may_have_its_own() -> None:
    hung = Calls(hangs=True)
    assert hung.called.wait(20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forking beside threads, which is what is tried
        child = os.fork()
    if not child:
        hung.task.stop()  # whose call is under way in the parent alone
        own = Calls()
        works = own.come() and threading.active_count() == 3
        own.stop()
        os._exit(0 if works and threading.active_count() == 1 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    hung.stop()


def test_the_interpreter_ends_with_tasks_that_are_not_stopped() -> None:
    program = (
        "import threading, time; from stride.periodic import PeriodicTask\n"
        "for call in (threading.Event().wait, list): PeriodicTask(0.01, call).start()\n"
        "time.sleep(0.1)"
    )
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
