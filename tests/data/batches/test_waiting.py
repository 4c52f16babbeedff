"""Who waits for a batch is known, and what it waits for can be ended."""

import multiprocessing
import signal
import threading
import time

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from stride.data.batches.loader import LoaderBatches
from stride.data.batches.memory import MemoryBatches
from stride.data.batches.replayed import ReplayedBatches
from stride.data.batches.stream import ResumableStreamBatches, StreamBatches
from stride.data.batches.user_loader import ResumableUserLoaderBatches, UserLoaderBatches
from stride.data.batches.waiting import TimedIterator, WaitEnded, end_workers, wait_in

CPU = torch.device("cpu")


def test_a_wait_is_seen_while_a_batch_is_made_and_not_after():
    seen = []

    def batches():
        seen.append(wait_in(threading.get_ident()))
        yield 1
        raise ValueError("no more")

    awaited, begun = TimedIterator(batches()), time.monotonic()
    assert seen == []
    assert next(awaited) == 1
    assert wait_in(threading.get_ident()) is None
    assert begun <= seen[0].since <= time.monotonic()
    assert seen[0].workers == 0
    with pytest.raises(ValueError, match="no more"):
        next(awaited)
    assert wait_in(threading.get_ident()) is None


def test_the_start_of_an_iteration_is_a_wait_too():
    class Loader:
        num_workers = 3

        def __iter__(self):
            assert wait_in(threading.get_ident()).workers == 3
            return iter([1, 2])

    assert [*TimedIterator(Loader())] == [1, 2]


class Hangs(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        time.sleep(600)


def test_the_workers_of_the_loader_that_is_waited_for_are_killed_and_no_other():
    def handle(number, frame):
        end_workers(frame)
        raise WaitEnded

    other = multiprocessing.get_context("fork").Process(target=time.sleep, args=[600], daemon=True)
    other.start()

    def interrupt(waiting):
        while len(multiprocessing.active_children()) < 3 or not wait_in(waiting):
            time.sleep(0.05)
        time.sleep(0.3)  # the loader, too, is to have seen them begin
        signal.pthread_kill(waiting, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, handle)
    alarm = threading.Thread(target=interrupt, args=[threading.get_ident()], daemon=True)
    begun = time.monotonic()
    try:
        alarm.start()
        with pytest.raises(WaitEnded):
            next(TimedIterator(DataLoader(Hangs(), num_workers=2)))
        assert multiprocessing.active_children() == [other]
    finally:
        alarm.join()
        signal.signal(signal.SIGUSR1, before)
        other.kill()
        other.join()
    assert time.monotonic() - begun < 5  # the seconds that torch would wait for each


def test_it_is_known_which_batches_can_be_made_again_in_an_epoch():
    one, several = (ReplayedBatches(DataLoader(Hangs(), num_workers=n), CPU) for n in (0, 1))
    assert (one.interruptible, several.interruptible) == (False, True)
    kinds = [MemoryBatches, LoaderBatches, StreamBatches]
    kinds += [UserLoaderBatches, ResumableUserLoaderBatches, ResumableStreamBatches]
    assert [kind.interruptible for kind in kinds] == [True] * 3 + [False] * 3
