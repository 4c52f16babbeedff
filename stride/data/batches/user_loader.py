"""Batches of a user's own loader, resumable as far as it has a state."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, islice
from typing import Any

import torch

from stride.data.batches.base import iterate_on_device, to_device
from stride.data.batches.stream import preserve_state
from stride.data.generators import HeldGenerators
from stride.data.seeding import read_globals, write_globals
from stride.distributed import rank, world_size
from stride.errors import DataError

_INSIDE = "resume at an epoch boundary, or give it state_dict and load_state_dict"


class UserLoaderBatches:
    """Batches of a user's loader, moved to the device.

    On the CPU the batches are the loader's own, as they come. Their order is its own too:
    it draws from the global random state, as it would without STRIDE. With several ranks it is
    the loader's business to give each its share, in batches of as many samples.

    Its state is that of the random generators that the loader and its parts hold, and the numbers
    by which its samplers count. Where nothing more is known an epoch starts over.

    Attributes:
        loader: the user's object.
        doubt: why an epoch may not be the same again although all states were restored; empty
            where nothing speaks against it.
    """

    seekable = False
    interruptible = False  # interrupted, a loader has drawn from the global random state
    whole = True  # only the loader knows how to make a smaller one

    def __init__(self, loader: Iterable[Any], device: torch.device) -> None:
        self.loader = loader
        self.device = device
        self.batch_size: int | None = getattr(loader, "batch_size", None)
        self.collate = getattr(loader, "collate_fn", None)
        self.num_samples: int | None = _num_samples(loader)
        self.doubt = doubt(loader)
        self.max_batches: int | None = None
        self._position = 0
        self._held = HeldGenerators(loader=loader)
        self._counting = [one for one in _samplers(loader) if type(one).__module__[:5] != "torch"]
        self._counted_from = [_numbers(one) for one in self._counting]
        self._followers = [
            follower
            for owner in (loader, *_samplers(loader), getattr(loader, "dataset", None))
            if callable(follower := getattr(owner, "set_epoch", None))
        ]

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Call set_epoch of those of the loader's parts that have it.

        Raises:
            DataError: the position is not 0.
        """
        if position:
            raise no_position()
        self._position = 0
        for follow in self._followers:
            follow(epoch)

    def limit(self, num_batches: int | None) -> None:
        """Let an epoch, and an iteration, end after so many batches; None: with the loader."""
        self.max_batches = num_batches

    def __len__(self) -> int:
        length = len(self.loader)  # type: ignore[arg-type]
        return length if self.max_batches is None else min(length, self.max_batches)

    def batches_left(self, epoch: int, position: int) -> float:
        """Return how many batches are left at most; inf where nothing tells."""
        try:
            length: float = len(self)
        except TypeError:
            length = math.inf if self.max_batches is None else self.max_batches
        return length - -(-position // self._counted)

    def positions(self, epoch: int, position: int) -> Iterator[int]:
        """Yield the position after each batch: the full batches of all ranks, in samples.

        Where the loader does not say how many samples a batch has, batches are counted.
        """
        size = self._counted
        if self._ends_with(last := (self.num_samples or 0) * world_size()):
            return chain(range(position + size, last, size), [last], count(last + size, size))
        return count(position + size, size)

    @property
    def _counted(self) -> int:
        return (self.batch_size or 1) * world_size()

    def _ends_with(self, last: int) -> bool:
        try:
            return bool(self.batch_size) and -(-last // self._counted) == len(self)
        except TypeError:
            return False

    @property
    def min_batch_size(self) -> int | None:
        """Return the samples of the loader's smallest batch; None where it does not say."""
        size, samples = self.batch_size, self.num_samples
        try:
            if not size or not samples or samples % size == 0 or len(self) != -(-samples // size):
                return size
        except TypeError:
            return None
        return samples % size

    def __iter__(self) -> Iterator[Any]:
        return self._cut(iterate_on_device(self.loader, self.device))

    def _cut(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Return an iteration without what lies beyond the limit."""
        if self.max_batches is None:
            return batches
        return islice(batches, max(0, self.max_batches - -(-self._position // self._counted)))

    def shards(self) -> Iterator[tuple[Any, None]]:
        """Yield the loader's batches; each rank is taken to have as many samples."""
        return ((batch, None) for batch in self)

    def example(self) -> Any:
        """Return the loader's first batch; random state and loader are as before."""
        before = read_globals()
        self._held.refresh()
        try:
            with self._held.preserve(), preserve_state(getattr(self.loader, "dataset", None)):
                return to_device(next(iter(self.loader)), self.device)
        except StopIteration:
            raise DataError("the loader gives no batch", where="train_loader") from None
        finally:
            write_globals(before)

    def is_stateful(self) -> bool:
        """Tell whether there is anything that `state_dict` would hold."""
        return bool(self.state_dict()["generators"] or self._counting)

    def state_dict(self) -> dict[str, Any]:
        """Return the states of the generators that the loader and its parts hold, and counters."""
        self._held.refresh()
        return {"generators": self._held.read(), "counters": self._counters()}

    def _counters(self) -> list[dict[str, int]]:
        """Return those integer attributes of each sampler that changed since the start."""
        counted = zip(self._counting, self._counted_from, strict=True)
        return [dict(_numbers(one).items() - first.items()) for one, first in counted]

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore those generators and counters."""
        self._held.refresh()
        self._held.write(state.get("generators", {}))
        for sampler, counters in zip(self._counting, state.get("counters", ()), strict=False):
            vars(sampler).update(counters)

    def load_others(self, states: Sequence[Mapping[str, Any]]) -> None:
        """Load the state of some rank, since another number of ranks shards differently."""
        self.load_state_dict({**states[rank() % len(states)], "counters": []})


class ResumableUserLoaderBatches(UserLoaderBatches):
    """Batches of a stateful loader, such as StatefulDataLoader."""

    seekable = True

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Call the loader's set_epoch; its state says where the iteration begins."""
        super().set_epoch(epoch)
        self._position = position

    def is_stateful(self) -> bool:
        """Tell that the loader has a state."""
        return True

    def state_dict(self) -> dict[str, Any]:
        """Return the loader's own state."""
        return self.loader.state_dict()  # type: ignore[attr-defined, no-any-return]

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Resume the loader where `state_dict` was taken."""
        self.loader.load_state_dict(state)  # type: ignore[attr-defined]

    def example(self) -> Any:
        """Return the loader's first batch, and put the loader back."""
        before = self.state_dict()
        try:
            return super().example()
        finally:
            self.load_state_dict(before)


def _numbers(sampler: Any) -> dict[str, int]:
    """Return the whole numbers that a sampler holds: by one it may count epochs."""
    own = getattr(sampler, "__dict__", {})
    return {name: value for name, value in own.items() if type(value) is int}


def doubt(loader: Any) -> str:
    """Return why a loader may not reproduce its batches from its state, or the empty text."""
    if getattr(loader, "num_workers", 0) and getattr(loader, "persistent_workers", False):
        return "its workers are kept between epochs (persistent_workers), and so is what they draw"
    if getattr(loader, "num_workers", 0) and not getattr(loader, "in_order", True):
        return "its batches come as they are ready (in_order=False)"
    return ""


def no_position() -> DataError:
    what = "your own loader cannot resume in the middle of an epoch"
    return DataError(what, where="train_loader", hint=_INSIDE)


def _samplers(loader: Any) -> list[Any]:
    """Return the samplers in a loader, each once."""
    batch_sampler = getattr(loader, "batch_sampler", None)
    # Checkpoints hold the samplers' counters by position: this order must not change.
    owners = [
        getattr(loader, "sampler", None),
        batch_sampler,
        getattr(batch_sampler, "sampler", None),
    ]
    return list({id(owner): owner for owner in owners if owner is not None}.values())


def _num_samples(loader: Any) -> int | None:
    """Return the samples of an epoch: the sampler's, which may take fewer than there are."""
    for part in ("sampler", "dataset"):
        try:
            return len(getattr(loader, part))
        except (AttributeError, TypeError):
            continue
    return None
