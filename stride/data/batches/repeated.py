"""The first batches of a split, again in every epoch."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from stride.data.batches.base import Batches, limited
from stride.data.batches.sampler import Counts
from stride.data.batches.user_loader import UserLoaderBatches
from stride.data.seeding import mix, seeded
from stride.errors import DataError

FIRST = 8  # which of the random streams of a seed


class Drawn(NamedTuple):
    """A process's share of a global batch, the sizes of both, and the position after it."""

    batch: Any
    counts: Counts | None
    end: int


class RepeatedBatches:
    """A few batches that are kept, in the same order and form in every epoch.

    Args:
        drawn: what `first_batches` gives.
        source: the batches that they were drawn from.
    """

    seekable = True
    interruptible = True
    whole = True

    def __init__(self, drawn: Sequence[Drawn], source: Batches) -> None:
        self._drawn = drawn
        self._first = 0
        self.batch_size = source.batch_size
        with limited(source, len(drawn)):
            self.min_batch_size = source.min_batch_size
        self.max_batches: int | None = None

    @property
    def num_samples(self) -> int:
        """Return the samples of an epoch, over all processes, as positions count them."""
        return self._drawn[-1].end

    def limit(self, num_batches: int | None) -> None:
        """Let an epoch end after so many of them; None: after all."""
        self.max_batches = num_batches

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Begin the next iterations at a position; every epoch is the same."""
        self._first = sum(1 for one in self._drawn if one.end <= position)

    def __len__(self) -> int:
        return len(self._drawn[: self.max_batches])

    def batches_left(self, epoch: int, position: int) -> int:
        """Return how many of them are left."""
        return sum(1 for one in self._drawn[: self.max_batches] if one.end > position)

    def positions(self, epoch: int, position: int) -> Iterator[int]:
        """Yield the position after each of those."""
        return (one.end for one in self._drawn if one.end > position)

    def __iter__(self) -> Iterator[Any]:
        return (batch for batch, _ in self.shards() if batch is not None)

    def shards(self) -> Iterator[tuple[Any, Counts | None]]:
        """Yield this process's share of each, None for none, and the sizes."""
        return ((one.batch, one.counts) for one in self._drawn[self._first : self.max_batches])

    def example(self) -> Any:
        """Return the first batch."""
        return next(iter(self))


def first_batches(batches: Batches, count: int, seed: int) -> list[Drawn]:
    """Draw the first batches of the first epoch; random state and batches are as before.

    Args:
        batches: of a split.
        count: how many, fewer where there are not so many.
        seed: what a loader of the user's draws by, where it draws from the global generators.

    Raises:
        DataError: there is no batch.
    """
    with limited(batches, count), seeded(mix(seed, FIRST)), _put_back(batches):
        batches.set_epoch(0)
        ends = batches.positions(0, 0)
        # A loader may fill the same tensors again for its next batch.
        refills = isinstance(batches, UserLoaderBatches)
        drawn = [
            Drawn(copy.deepcopy(batch) if refills else batch, counts, next(ends))
            for batch, counts in batches.shards()
        ]
    if not drawn:
        raise DataError("the training loader gives no batch", where="load_data_kwargs")
    return drawn


@contextmanager
def _put_back(batches: Any) -> Iterator[None]:
    """Restore batches that have a state after the block."""
    if not hasattr(batches, "state_dict"):
        yield
        return
    before = copy.deepcopy(batches.state_dict())
    try:
        yield
    finally:
        batches.load_state_dict(before)
