"""Batches of a user's DataLoader that resumes by replaying the consumed batches."""

import copy
import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset

from stride.data.batches.base import iterate_on_device
from stride.data.batches.user_loader import UserLoaderBatches, doubt, no_position
from stride.data.seeding import read_globals, write_globals


class ReplayedBatches(UserLoaderBatches):
    """Batches of a DataLoader that resumes an epoch by replaying what it consumed.

    Held in its state are the random generators, its own and the global ones, as they were when
    the epoch began, the number of batches consumed, and a digest of their samples' numbers: it
    shows whether those that were drawn again are the same.
    """

    seekable = True

    def __init__(self, loader: DataLoader[Any], device: torch.device) -> None:
        super().__init__(loader, device)
        self._epoch = 0
        self._start: dict[str, Any] = {}
        self._order = _Order()
        self._next: Iterable[Any] | None = None  # the epoch's iteration, until it is asked for

    @property
    def interruptible(self) -> bool:  # type: ignore[override]
        """Tell whether the batches are made by workers: this process draws nothing meanwhile."""
        return bool(self.loader.num_workers)  # type: ignore[attr-defined]

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Select the epoch of the next iteration; a replayed one continues where it was put.

        Raises:
            DataError: a position for which no state was loaded.
        """
        if not position:
            super().set_epoch(epoch)
            self._next = self._begin(epoch)
        elif self._next is None and self.batches_left(epoch, position) > 0:
            raise no_position()
        elif self._next is None:
            self._next = ()

    def _begin(self, epoch: int) -> Iterable[Any]:
        """Record the state at the start of an epoch; return the iterable of its batches."""
        self._held.refresh()
        self._epoch = epoch
        self._start = {**UserLoaderBatches.state_dict(self), "globals": read_globals()}
        self._order = _Order()
        return self._recorded()

    def _recorded(self) -> Iterable[Any]:
        """Return a copy of the loader that records the sample indices as they are drawn."""
        recorded = copy.copy(self.loader)
        name = "sampler" if recorded.batch_sampler is None else "batch_sampler"  # type: ignore[attr-defined]
        # Its own __setattr__ refuses another sampler: the user's loader has to keep the one it has.
        vars(recorded)[name] = _Noted(getattr(recorded, name), self._order, self.max_batches)
        return recorded

    def __iter__(self) -> Iterator[Any]:
        following, self._next = self._next, None
        if following is None:
            return super().__iter__()
        return iterate_on_device(following, self.device)  # its sampler ends at the limit

    def positions(self, epoch: int, position: int) -> Iterator[int]:
        """Yield the position after each batch, and record the batch as consumed."""
        order = self._order
        return (order.consumed(place) for place in super().positions(epoch, position))

    def state_dict(self) -> dict[str, Any]:
        """Return the generators' states and, within an epoch, what resuming it needs."""
        state = super().state_dict()
        if self._order.is_outside():
            return state
        workers = self.loader.num_workers  # type: ignore[attr-defined]
        inside = {"epoch": self._epoch, "start": self._start, "workers": workers}
        return {**state, **inside, **self._order.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the generators; within an epoch replay its batches up to the position."""
        if "start" in state:
            self._replay(state)
        else:
            self._order, self._next = _Order(), None
        super().load_state_dict(state)

    def _replay(self, state: Mapping[str, Any]) -> None:
        before = read_globals()
        try:
            UserLoaderBatches.set_epoch(self, state["epoch"])
            super().load_state_dict(state["start"])
            write_globals(state["start"]["globals"])
            drawn = iter(self._begin(state["epoch"]))
            for batch in islice(drawn, state["batches"]):
                self._order.consumed(batch)
        finally:
            write_globals(before)
        self._next = drawn


class _Order:
    """Digest of the sample indices that an iteration has consumed."""

    def __init__(self) -> None:
        self._digest = hashlib.blake2b(digest_size=16)
        self._batches = 0
        self._drawn: deque[Any] = deque()
        self._ended = False

    def drawn(self, numbers: Any) -> None:
        self._drawn.append(numbers)

    def end(self) -> None:
        self._ended = True

    def consumed(self, of: Any) -> Any:
        numbers = self._drawn.popleft()
        self._digest.update(repr(getattr(numbers, "tolist", lambda: numbers)()).encode())
        self._batches += 1
        return of

    def is_outside(self) -> bool:
        """Tell whether nothing is consumed yet, or nothing is left to draw."""
        return not self._batches or (self._ended and not self._drawn)

    def state_dict(self) -> dict[str, Any]:
        return {"batches": self._batches, "order": self._digest.hexdigest()}


class _Noted:
    """A sampler that records its draws."""

    def __init__(self, sampler: Any, order: _Order, limit: int | None) -> None:
        self._sampler, self._order, self._limit = sampler, order, limit

    def __iter__(self) -> Iterator[Any]:
        for numbers in islice(self._sampler, self._limit):
            self._order.drawn(numbers)
            yield numbers
        self._order.end()

    def __len__(self) -> int:
        return len(self._sampler)


def is_replayable(loader: Any) -> bool:
    """Tell whether an iteration draws numbers of samples from the loader's sampler, in order."""
    if not isinstance(loader, DataLoader) or isinstance(loader.dataset, IterableDataset):
        return False
    ways = ("__iter__", "_get_iterator", "_index_sampler")
    plain = all(getattr(type(loader), way, None) is getattr(DataLoader, way, None) for way in ways)
    return plain and not doubt(loader)
