"""The batches of a training that draws its own: one empty window for each epoch."""

from collections.abc import Iterator


class OneWindow:
    """Take the place of batches where each epoch is one step, whatever it draws.

    Attributes:
        batch_size: None: how many samples a step has is not known.
    """

    batch_size: int | None = None
    interruptible = True

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Choose the epoch, and whether it is done already."""
        self._left = 1 - min(position, 1)

    def batches_left(self, epoch: int, position: int) -> int:
        """Return 1 where an epoch is not done, else 0."""
        return 1 - min(position, 1)

    def positions(self, epoch: int, position: int) -> Iterator[int]:
        """Yield the position after it."""
        return iter([1][: self.batches_left(epoch, position)])

    def __iter__(self) -> Iterator[tuple[()]]:
        return iter([()][: self._left])
