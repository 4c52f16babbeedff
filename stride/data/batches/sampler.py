"""Decide the order of samples in an epoch, from (seed, epoch) alone."""

import sys
from collections.abc import Iterator, Sized
from itertools import accumulate, chain, islice
from typing import Any, NamedTuple

import torch
from torch import Tensor

from stride.data.batches.permutation import Permutation, permutation
from stride.data.generators import HeldGenerators
from stride.data.seeding import generator, mix, seeded
from stride.distributed import Shard
from stride.errors import DataError

ORDER = 3  # which of the random streams of a seed is the order of the samples


class Counts(NamedTuple):
    """The numbers of samples in a process's shard of a global batch, and in the whole."""

    own: int
    whole: int


class BatchKey(NamedTuple):
    """The key of a batch, from which any process can make it.

    Attributes:
        epoch: what random augmentation depends on, with the samples.
        indices: the samples; none where the global batch has fewer than there are processes.
        whole: how many samples the global batch has, of which these are one process's share.
    """

    epoch: int
    indices: list[int]
    whole: int = 0

    @property
    def counts(self) -> Counts:
        """Return how many samples these are, and of how many."""
        return Counts(len(self.indices), self.whole)


class Order:
    """The order of a split's samples: sequential, or reshuffled in every epoch.

    A global batch is the next of these samples, and each process takes its share of it: the order
    of samples does not depend on how many processes there are, nor does the position in it.

    Attributes:
        num_samples: samples that an epoch uses, over all processes.
        batch_size: samples in a process's batch.
        global_batch: samples in a batch over all processes; the last of an epoch may be smaller,
            or is left out by `drop_last`.
        max_batches: how many global batches an epoch has at most; None: all.
        shard: which part of a global batch is this process's.
    """

    def __init__(
        self,
        length: int,
        batch_size: int,
        *,
        seed: int,
        shuffle: bool,
        drop_last: bool = False,
        shard: Shard = Shard(),  # noqa: B008 (a constant)
    ) -> None:
        self.batch_size = batch_size
        self.global_batch = batch_size * shard.world
        self.seed = seed
        self.shuffle = shuffle
        self.shard = shard
        self._drop_last = drop_last
        self._chosen: Tensor | None = None
        self.max_batches: int | None = None
        self._measure(length)

    def _measure(self, length: int) -> None:
        self.length = length
        whole = length // self.global_batch * self.global_batch
        self.num_samples = min(whole if self._drop_last else length, self._most_samples)

    @property
    def _most_samples(self) -> int:
        return sys.maxsize if self.max_batches is None else self.max_batches * self.global_batch

    def limit(self, num_batches: int | None) -> None:
        """Let an epoch end after so many of its global batches; None: after all."""
        self.max_batches = num_batches
        self._measure(self.length)

    def choose(self, ids: Tensor) -> None:
        """Restrict the order to these samples, given by their indices in the split."""
        self._chosen = ids
        self._measure(len(ids))

    def __len__(self) -> int:
        return -(-self.num_samples // self.global_batch)

    @property
    def min_batch_size(self) -> int | None:
        """Return the samples of the smallest batch that some process gets in an epoch."""
        return self.min_batch_size_of(self.length)

    def min_batch_size_of(self, length: int) -> int:
        """Return the same for another number of samples."""
        cut_off = self._drop_last or self._most_samples <= length
        last = 0 if cut_off else length % self.global_batch
        return max(1, last // self.shard.world) if last else self.batch_size

    def permutation(self, epoch: int) -> Permutation | None:
        """Return the numbers of the samples in their order; None: as they lie."""
        if not self.shuffle:
            return self._chosen
        order = permutation(self.length, generator(self.seed, ORDER, epoch))
        return order if self._chosen is None else self._chosen[order[:]]

    def batches(self, epoch: int, position: int) -> Iterator[BatchKey]:
        """Yield this process's share of the batches from `position` consumed samples on."""
        order = self.permutation(epoch)
        for begun in range(position, self.num_samples, self.global_batch):
            end = min(begun + self.global_batch, self.num_samples)
            start, stop = self.shard.bounds(begun, end)
            indices = list(range(start, stop)) if order is None else order[start:stop].tolist()
            yield BatchKey(epoch, indices, end - begun)

    def batches_left(self, epoch: int, position: int) -> int:
        """Return the number of those batches."""
        return max(0, -(-(self.num_samples - position) // self.global_batch))

    def positions(self, epoch: int, position: int) -> Iterator[int]:
        """Yield how many samples are consumed after each of those batches."""
        ends = range(position + self.global_batch, self.num_samples, self.global_batch)
        return chain(ends, [self.num_samples] if position < self.num_samples else [])

    def counts(self, position: int) -> Iterator[Counts]:
        """Yield the sizes of those shares and batches."""
        for start in range(position, self.num_samples, self.global_batch):
            whole = min(self.global_batch, self.num_samples - start)
            yield Counts(self.shard.of(whole), whole)

    def shard_indices(self, order: Permutation | None, start: int, stop: int) -> Tensor | None:
        """Return this process's shards of the batches between two positions, concatenated.

        Args:
            order: the permutation of the epoch.
            start: the position where a global batch begins.
            stop: the position where one ends.

        Returns:
            the indices of samples; None: all between the positions, as they lie.
        """
        if self.shard.world == 1:
            return None if order is None else order[start:stop]
        given = torch.arange(start, stop) if order is None else order[start:stop]
        whole = len(given) // self.global_batch * self.global_batch
        mine = given[:whole].view(-1, self.shard.world, self.batch_size)[:, self.shard.rank]
        first, last = self.shard.bounds(whole, len(given))
        return torch.cat([mine.reshape(-1), given[first:last]])


class SamplerOrder(Order):
    """The order that a user's sampler gives, seeded by (seed, epoch)."""

    def __init__(
        self,
        sampler: Any,
        batch_size: int,
        *,
        seed: int,
        drop_last: bool,
        shard: Shard = Shard(),  # noqa: B008 (a constant)
    ) -> None:
        length = sampler_length(sampler, "sampler")
        super().__init__(
            length, batch_size, seed=seed, shuffle=True, drop_last=drop_last, shard=shard
        )
        self.sampler = sampler

    def permutation(self, epoch: int) -> Tensor:
        """Return what the sampler gives in this epoch, cut at its length."""
        return torch.tensor(
            draw_all(self.sampler, self.seed, epoch, self.length), dtype=torch.int64
        )


class BatchSamplerOrder(Order):
    """The batches of a user's batch sampler, dealt out to the processes in turn.

    The last ones are divided where they do not suffice for all.
    """

    def __init__(
        self,
        sampler: Any,
        length: int,
        *,
        seed: int,
        shard: Shard = Shard(),  # noqa: B008 (a constant)
    ) -> None:
        batch_size = int(getattr(sampler, "batch_size", 0) or 1)
        super().__init__(length, batch_size, seed=seed, shuffle=True, shard=shard)
        self.sampler = sampler
        self._all_batches = sampler_length(sampler, "batch_sampler")
        self._drawn: tuple[int | None, list[Any]] = None, []

    @property
    def num_batches(self) -> int:
        """Return how many of the sampler's batches an epoch has, over all processes."""
        most = self._all_batches if self.max_batches is None else self.max_batches
        return min(self._all_batches, most * self.shard.world)

    def __len__(self) -> int:
        return -(-self.num_batches // self.shard.world)

    @property
    def min_batch_size(self) -> None:
        """Return None: the sampler alone knows."""

    def batches(self, epoch: int, position: int) -> Iterator[BatchKey]:
        """Yield this process's of the batches that lie behind `position` consumed samples."""
        left = self._left(epoch, position)
        while together := list(islice(left, self.shard.world)):
            indices = list(chain(*together))
            if len(together) == self.shard.world:
                yield BatchKey(epoch, together[self.shard.rank], len(indices))
            else:
                start, stop = self.shard.bounds(0, len(indices))
                yield BatchKey(epoch, indices[start:stop], len(indices))

    def batches_left(self, epoch: int, position: int) -> int:
        """Return the number of those batches, over all processes."""
        return sum(1 for _ in self.batches(epoch, position))

    def positions(self, epoch: int, position: int) -> Iterator[int]:
        """Yield how many samples are consumed after each of those batches."""
        sizes = (key.whole for key in self.batches(epoch, position))
        return islice(accumulate(sizes, initial=position), 1, None)

    def _left(self, epoch: int, position: int) -> Iterator[list[int]]:
        if epoch != self._drawn[0]:  # a sampler is asked once for an epoch
            self._drawn = epoch, draw_all(self.sampler, self.seed, epoch, self._all_batches)
        consumed = 0
        for indices in self._drawn[1][: self.num_batches]:
            left = list(indices)[max(0, position - consumed) :]
            consumed += len(indices)
            if left:
                yield left


def draw_all(sampler: Any, seed: int, epoch: int, length: int) -> list[Any]:
    """Return all indices that a sampler draws in an epoch, by (seed, epoch) alone."""
    held = HeldGenerators(sampler=sampler)
    held.refresh()
    given = _drawn(sampler, held, mix(seed, ORDER, epoch), epoch, length)
    if held.refresh():  # the sampler made some when it was first asked
        given = _drawn(sampler, held, mix(seed, ORDER, epoch), epoch, length)
    return given


def _drawn(sampler: Any, held: HeldGenerators, seed: int, epoch: int, length: int) -> list[Any]:
    with held.preserve(), seeded(seed):
        held.seed(seed)
        if callable(set_epoch := getattr(sampler, "set_epoch", None)):
            set_epoch(epoch)
        return list(islice(sampler, length))


def sampler_length(sampler: Any, key: str) -> int:
    """Return the length of a user's sampler.

    Raises:
        DataError: it has none, so that an epoch would have no end.
    """
    if isinstance(sampler, Sized):
        return len(sampler)
    raise DataError(
        f"the sampler {type(sampler).__name__} has no length",
        where=f"load_data_kwargs.{key}",
        hint="give it a __len__",
    )
