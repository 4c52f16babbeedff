"""Threads: work is shared, the first error comes out, an errand keeps its error."""

import signal
import subprocess
import sys
import threading
import time

import pytest

from stride.engine.checkpoint.background import BackgroundTask, in_threads


def test_results_come_in_the_order_of_the_items_from_threads_at_once():
    together = threading.Barrier(3, timeout=10)

    def work(item):
        together.wait()  # passes only if three are at work
        return 10 * item

    assert in_threads(work, range(6), 3) == [0, 10, 20, 30, 40, 50]


def test_the_first_error_is_raised_and_no_further_work_begun():
    begun = []

    def work(item):
        begun.append(item)
        if item == 0:
            raise ValueError("the first")
        time.sleep(0.01)

    with pytest.raises(ValueError, match="the first"):
        in_threads(work, range(100), 2)
    assert len(begun) < 10


def test_no_thread_works_any_more_once_an_error_is_raised():
    begun, go_on, ended = threading.Event(), threading.Event(), []

    def work(item):
        if item == 0 and not begun.wait(10):
            raise TimeoutError
        if item == 0:
            threading.Timer(0.05, go_on.set).start()
            raise ValueError
        begun.set()
        go_on.wait(10)
        ended.append(item)

    with pytest.raises(ValueError):
        in_threads(work, [0, 1], 2)
    assert ended == [1]


def test_an_errand_keeps_its_error():
    def fail():
        raise ValueError("kept")

    errand = BackgroundTask(fail)
    with pytest.raises(ValueError, match="kept"):
        errand.check()
    done = BackgroundTask(lambda: None)
    done.check()
    assert errand.is_done() and done.is_done()


def test_who_is_interrupted_while_waiting_for_an_errand_can_wait_again():
    gate, ended = threading.Event(), []

    def work():
        gate.wait(30)
        time.sleep(0.1)
        ended.append(True)

    def interrupt(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        errand = BackgroundTask(work)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            errand.check()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not errand.is_done()
    gate.set()
    errand.check()
    assert ended == [True]


@pytest.mark.parametrize(("waits", "said"), [(True, "[1, 2]\n"), (False, "")])
def test_a_process_that_ends_waits_for_its_errand_only_if_it_says_so(waits, said):
    program = """
import sys, time
from stride.engine.checkpoint.background import BackgroundTask, in_threads
def work():
    time.sleep(0.3 if sys.argv[1] else 60)
    print(in_threads(abs, [-1, -2], 2), flush=True)
task = BackgroundTask(work)
if sys.argv[1]:
    task.check()
raise SystemExit(7)
"""
    command = [sys.executable, "-c", program, "waits" if waits else ""]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, said, "")
