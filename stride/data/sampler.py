"""Decide the order of samples in an epoch, from (seed, epoch) alone."""

from collections.abc import Iterator, Sized
from itertools import islice
from typing import Any, NamedTuple

import torch
from torch import Tensor

from stride.data.seeding import generator, mix, seeded
from stride.errors import DataError

ORDER = 3  # which of the random streams of a seed is the order of the samples


class BatchKey(NamedTuple):
    """Say which batch is wanted, so that any process can make it."""

    epoch: int
    indices: list[int]


class Order:
    """Order the samples of a split: as they lie, or shuffled anew in every epoch.

    Attributes:
        num_samples: Samples that an epoch uses.
        batch_size: Samples in a batch; the last may be smaller, or is left out by `drop_last`.
    """

    def __init__(
        self, length: int, batch_size: int, *, seed: int, shuffle: bool, drop_last: bool = False
    ) -> None:
        self.length = length
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.num_samples = length // batch_size * batch_size if drop_last else length

    def __len__(self) -> int:
        return -(-self.num_samples // self.batch_size)

    def permutation(self, epoch: int) -> Tensor | None:
        """Return the numbers of the samples in their order; None: as they lie."""
        if not self.shuffle:
            return None
        return torch.randperm(self.length, generator=generator(self.seed, ORDER, epoch))

    def batches(self, epoch: int, position: int) -> Iterator[BatchKey]:
        """Yield the batches of an epoch from `position` consumed samples on."""
        order = self.permutation(epoch)
        for start in range(position, self.num_samples, self.batch_size):
            stop = min(start + self.batch_size, self.num_samples)
            indices = list(range(start, stop)) if order is None else order[start:stop].tolist()
            yield BatchKey(epoch, indices)


class SamplerOrder(Order):
    """Take the order from a user's sampler, seeded by (seed, epoch) while it draws."""

    def __init__(self, sampler: Any, batch_size: int, *, seed: int, drop_last: bool) -> None:
        length = sampler_length(sampler, "sampler")
        super().__init__(length, batch_size, seed=seed, shuffle=True, drop_last=drop_last)
        self.sampler = sampler

    def permutation(self, epoch: int) -> Tensor:
        """Return what the sampler gives in this epoch, cut at its length."""
        return torch.tensor(drawn(self.sampler, self.seed, epoch, self.length), dtype=torch.int64)


class BatchSamplerOrder(Order):
    """Take whole batches from a user's batch sampler."""

    def __init__(self, sampler: Any, length: int, *, seed: int) -> None:
        batch_size = int(getattr(sampler, "batch_size", 0) or 1)
        super().__init__(length, batch_size, seed=seed, shuffle=True)
        self.sampler = sampler
        self.num_batches = sampler_length(sampler, "batch_sampler")

    def __len__(self) -> int:
        return self.num_batches

    def batches(self, epoch: int, position: int) -> Iterator[BatchKey]:
        """Yield the batch sampler's batches that lie behind `position` consumed samples."""
        consumed = 0
        for indices in drawn(self.sampler, self.seed, epoch, self.num_batches):
            left = list(indices)[max(0, position - consumed) :]
            consumed += len(indices)
            if left:
                yield BatchKey(epoch, left)


def drawn(sampler: Any, seed: int, epoch: int, length: int) -> list[Any]:
    """Return all that a sampler gives in an epoch; its draws depend on (seed, epoch) alone."""
    own = getattr(sampler, "generator", None)
    if isinstance(own, torch.Generator):
        own.manual_seed(mix(seed, ORDER, epoch))
    if callable(set_epoch := getattr(sampler, "set_epoch", None)):
        set_epoch(epoch)
    with seeded(mix(seed, ORDER, epoch)):
        return list(islice(sampler, length))


def sampler_length(sampler: Any, key: str) -> int:
    """Return the length of a user's sampler.

    Raises:
        DataError: It has none, so that an epoch would have no end.
    """
    if isinstance(sampler, Sized):
        return len(sampler)
    raise DataError(
        f"the sampler {type(sampler).__name__} has no length",
        where=f"load_data_kwargs.{key}",
        hint="give it a __len__",
    )
