"""Batches through torch's DataLoader: Python datasets, workers, mapped files."""

import multiprocessing
import os
import signal
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch.utils.data import DataLoader

from stride.data.batches.base import OrderedBatches, iterate_on_device, to_device
from stride.data.batches.fetcher import FetchArrays, FetchSamples
from stride.data.batches.sampler import BatchKey, Counts, Order
from stride.data.seeding import mix

WORKERS = 6  # which of the random streams of a seed
LOOK = 5.0  # seconds after which a worker sees that its parent has gone


class LoaderBatches(OrderedBatches):
    """Batches of a map-style dataset in a given order, made here or by workers."""

    def __init__(
        self,
        fetch: FetchArrays | FetchSamples,
        order: Order,
        device: torch.device,
        options: Mapping[str, Any],
    ) -> None:
        self.order = order
        self.device = device
        self.batch_size: int | None = order.batch_size
        self.collate = getattr(fetch, "collate", None)
        self.transform = getattr(getattr(fetch, "finish", None), "transform", None)
        self._fetch = fetch
        self._keys = _Keys(order)
        # DataLoader draws from the global generator at each iter() unless it has its own.
        self._generator = torch.Generator()
        self._loader: DataLoader[Any] = DataLoader(
            fetch,
            batch_sampler=self._keys,  # type: ignore[arg-type]
            collate_fn=_same,
            generator=self._generator,
            **options,
        )
        end_workers_with(self, self._loader)

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Select the epoch of the next iterations, from `position` consumed samples on."""
        self._keys.epoch, self._keys.position = epoch, position

    def __iter__(self) -> Iterator[Any]:
        self._generator.manual_seed(mix(self.order.seed, WORKERS, self._keys.epoch))
        return iterate_on_device(self._loader, self.device)

    def shards(self) -> Iterator[tuple[Any, Counts]]:
        """Yield this process's share of each global batch, None for none, and the sizes."""
        drawn: deque[BatchKey] = deque()
        self._keys.drawn = drawn
        for batch in self:
            # Workers are ahead; their batches come in the order of the keys.
            while not drawn[0].indices:
                yield None, drawn.popleft().counts
            yield batch, drawn.popleft().counts
        yield from ((None, key.counts) for key in drawn)

    def example(self) -> Any:
        """Return a batch of the first two samples, or the first batch, made in this process."""
        return to_device(self._fetch.__getitems__(self._first(len(self._fetch))), self.device)


class WorkerStart:
    """Worker init function that ignores the training's signals, then calls the user's own.

    A launcher signals whole groups of processes: a worker that obeyed would fail the step that the
    parent is about to end well. Workers end when their parent tells them to, or is gone, also
    those that hang in a sample.
    """

    def __init__(self, function: Callable[[int], Any] | None = None) -> None:
        self._function = function

    def __call__(self, worker: int) -> None:
        """Initialise the worker of this number."""
        for name in ("SIGINT", "SIGTERM", "SIGUSR1"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)
        if hasattr(signal, "sigtimedwait"):
            # Blocked, so that the thread can take it and see who sent it.
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
            threading.Thread(target=_end_with_parent, daemon=True).start()
        if self._function is not None:
            self._function(worker)


def _end_with_parent() -> None:
    """Exit this process at its parent's SIGTERM, or when the parent is gone."""
    starter, parent = os.getppid(), multiprocessing.parent_process()  # a fork server, perhaps
    while parent is not None and os.getppid() == starter and parent.is_alive():
        came = signal.sigtimedwait([signal.SIGTERM], LOOK)
        if came is not None and came.si_pid == parent.pid:
            break
    os._exit(0)


def end_workers_with(owner: object, loader: DataLoader[Any]) -> None:
    """Shut down a loader's persistent workers when its owner is garbage-collected.

    The garbage collector takes a loader apart in an order in which its workers hear nothing of
    it, and waits five seconds for them.
    """
    if loader.persistent_workers:
        weakref.finalize(owner, _end_workers, loader)


def _end_workers(loader: DataLoader[Any]) -> None:
    end = getattr(getattr(loader, "_iterator", None), "_shutdown_workers", None)
    if end is not None:
        end()


class _Keys:
    """Batch sampler for DataLoader that yields the batch keys of the selected epoch.

    Attributes:
        drawn: takes every key that is drawn, also those without a share for this process.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        self.epoch = 0
        self.position = 0
        self.drawn: deque[BatchKey] = deque(maxlen=0)

    def __iter__(self) -> Iterator[BatchKey]:
        for key in self.order.batches(self.epoch, self.position):
            self.drawn.append(key)
            if key.indices:
                yield key

    def __len__(self) -> int:
        return len(self.order)


def _same(batch: Any) -> Any:
    return batch
