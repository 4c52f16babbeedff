"""Draw the batches of one update after the other."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Protocol


class TrainingBatches(Protocol):
    """What a training draws from: batches on the device, epoch after epoch."""

    batch_size: int | None

    @property
    def interruptible(self) -> bool:
        """Return whether the making of a batch can be broken off inside an epoch."""

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Choose the epoch, and how many of its samples are consumed already."""

    def batches_left(self, epoch: int, position: int) -> float:
        """Return how many batches are left of an epoch from a position on; inf: unknown."""

    def positions(self, epoch: int, position: int) -> Iterator[int]:
        """Yield the position after each of these batches, as they are consumed."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches that are left of the epoch."""


def windows(batches: TrainingBatches, size: int) -> Iterator[Sequence[Any]]:
    """Yield the batches in tuples of `size`, the last one shorter."""
    if size == 1:
        return zip(batches, strict=False)
    drawn = iter(batches)
    return iter(lambda: tuple(islice(drawn, size)), ())
