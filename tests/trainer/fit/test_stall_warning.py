"""A training that waits long for a batch says so once, and that it goes on."""

import queue
import threading
import time

import pytest

from stride.data.batches.waiting import TimedIterator
from stride.trainer.fit import stall_warning
from stride.trainer.fit.stall_warning import StallWarning


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(stall_warning, "SECONDS", 0.1)
    monkeypatch.setattr(stall_warning, "LOOK", 0.01)


class Loader:
    """Make the second batch when it is allowed."""

    def __init__(self, num_workers):
        self.num_workers = num_workers
        self.allowed = threading.Event()

    def __iter__(self):
        yield 1
        assert self.allowed.wait(30)
        yield 2


@pytest.mark.parametrize(
    ("workers", "words"), [(2, "(num_workers=2); look at the disk"), (0, "in this process")]
)
def test_a_long_wait_is_told_once_and_is_gone_with_the_batch(caplog, workers, words):
    told = queue.Queue()
    loader = Loader(workers)

    def tell(reason):
        told.put(reason)
        loader.allowed.set()

    watch = StallWarning(tell)
    with caplog.at_level("INFO", "stride"):
        batches = TimedIterator(loader)
        assert [next(batches), next(batches)] == [1, 2]
        assert [told.get(timeout=30), told.get(timeout=30)] == ["no batch for 0 s", ""]
    watch.stop()
    assert told.empty()
    warning, end = caplog.messages
    assert warning.startswith("no batch for 0 s: ") and words in warning
    assert ("/dev/shm" in warning) == bool(workers)
    assert end == "the wait for a batch has ended"


def test_short_waits_and_other_threads_are_not_told():
    told = []
    watch = StallWarning(told.append)
    other = threading.Thread(target=lambda: next(TimedIterator(map(time.sleep, [0.3]))))
    other.start()
    for batch in TimedIterator(iter(range(5))):
        time.sleep(0.05 + 0 * batch)
    other.join()
    watch.stop()
    assert told == []
