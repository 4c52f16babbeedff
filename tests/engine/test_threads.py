"""Threads: work is shared, the first error comes out, an errand keeps its error."""

import subprocess
import sys
import threading
import time

import pytest

from stride.engine.threads import Errand, in_threads


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

    errand = Errand(fail)
    errand.join()
    with pytest.raises(ValueError, match="kept"):
        errand.check()
    done = Errand(lambda: None)
    done.join()
    done.check()


def test_a_process_that_ends_by_an_exception_lets_its_errand_end_with_threads_of_its_own():
    program = """
import time
from stride.engine.threads import Errand, in_threads
def work():
    time.sleep(0.3)
    print(in_threads(abs, [-1, -2], 2))
Errand(work)
raise SystemExit(7)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (7, "[1, 2]\n")
