"""The protocol of batches, and how a batch is moved to the device."""

import multiprocessing
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from stride.data.batches.sampler import BatchKey, Counts, Order
from stride.data.batches.waiting import TimedIterator
from stride.errors import RunFailed


@runtime_checkable
class Batches(Protocol):
    """Batches of one split on the device, in an order fixed by (seed, epoch, position).

    Attributes:
        batch_size: samples in a full batch of this process; None where only the user's loader
            knows.
        seekable: whether an epoch can be resumed inside: at a position, or by the state that
            the batches have.
        interruptible: whether making a batch can be interrupted inside an epoch and done
            again on resuming, since it changes nothing that a checkpoint holds.
        whole: whether an example is a whole batch, for a model that takes no fewer samples.
        max_batches: how many global batches an epoch, or an iteration, has at most; None: all.
    """

    batch_size: int | None
    seekable: bool
    whole: bool

    @property
    def max_batches(self) -> int | None:
        """Return the limit set by `limit`."""

    @property
    def interruptible(self) -> bool:
        """Tell whether making a batch can be interrupted."""

    @property
    def num_samples(self) -> int | None:
        """Return the samples of an epoch, over all processes; None for a stream."""

    @property
    def min_batch_size(self) -> int | None:
        """Return the samples of the smallest batch that some process gets in an epoch, if known."""

    def limit(self, num_batches: int | None) -> None:
        """Let epochs and iterations end after so many global batches; None: after all.

        It holds for those that begin after it.
        """

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Select the epoch of the next iterations, from `position` consumed samples on."""

    def __len__(self) -> int:
        """Return the number of global batches in a whole epoch (TypeError for a stream)."""

    def batches_left(self, epoch: int, position: int) -> float:
        """Return how many global batches are left of an epoch from a position on; inf: unknown."""

    def positions(self, epoch: int, position: int) -> Iterator[int]:
        """Yield the position after each of these batches: how many samples all have consumed.

        To be asked after `set_epoch` and before the iteration, and advanced by one for each batch
        that was used, since only the batches know what they gave.
        """

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the selected epoch from the selected position.

        Each process gets its share of a global batch; where that has no samples, nothing.
        """

    def shards(self) -> Iterator[tuple[Any, Counts | None]]:
        """Yield this process's share of each global batch, and the sizes of both.

        The share is None where it has no samples: only where the global batch has fewer than
        there are processes. The sizes are None where they are not known without asking the other
        processes: then all have as many samples.
        """

    def example(self) -> Any:
        """Return a batch to try a model on; batches and random state stay as they are.

        It has two samples: one alone has no statistics to normalise by. Where `whole` says so it
        is the first batch of the first epoch.
        """


class OrderedBatches:
    """Base of batches with a known order: their lengths and positions."""

    seekable = True
    interruptible = True
    whole = False
    order: Order

    @property
    def num_samples(self) -> int:
        """Return the samples of an epoch, over all processes."""
        return self.order.num_samples

    @property
    def min_batch_size(self) -> int | None:
        """Return the samples of the smallest batch that some process gets in an epoch, if known."""
        return self.order.min_batch_size

    @property
    def max_batches(self) -> int | None:
        """Return how many global batches an epoch has at most; None: all."""
        return self.order.max_batches

    def limit(self, num_batches: int | None) -> None:
        """Let an epoch end after so many global batches; None: after all."""
        self.order.limit(num_batches)

    def __len__(self) -> int:
        return len(self.order)

    def batches_left(self, epoch: int, position: int) -> int:
        """Return how many batches are left of an epoch from a position on."""
        return self.order.batches_left(epoch, position)

    def positions(self, epoch: int, position: int) -> Iterator[int]:
        """Yield how many samples are consumed after each of these batches."""
        return self.order.positions(epoch, position)

    def _first(self, length: int) -> BatchKey:
        """Return which of so many samples make an example."""
        first = (key for key in self.order.batches(0, 0) if key.indices) if self.whole else ()
        return next(iter(first), BatchKey(0, list(range(min(2, length)))))


@contextmanager
def limited(batches: Batches, num_batches: int | None) -> Iterator[None]:
    """Let iterations that begin in the block end after so many batches; None: after all."""
    before = batches.max_batches
    batches.limit(num_batches)
    try:
        yield
    finally:
        batches.limit(before)


def to_device(batch: Any, device: torch.device) -> Any:
    """Return the batch with every tensor in its tuples, lists and mappings on the device."""
    if isinstance(batch, Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, tuple):
        parts = [to_device(part, device) for part in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else tuple(parts)
    if isinstance(batch, list):
        return [to_device(part, device) for part in batch]
    if isinstance(batch, Mapping):
        return _move_mapping(batch, device)
    # Objects of other libraries (graphs, token batches) bring their own `to`.
    return batch.to(device) if callable(getattr(batch, "to", None)) else batch


def _move_mapping(batch: Mapping[Any, Any], device: torch.device) -> Any:
    if type(batch) is not dict and callable(getattr(batch, "to", None)):
        return batch.to(device)  # type: ignore[attr-defined]
    return {key: to_device(value, device) for key, value in batch.items()}


def iterate_on_device(batches: Iterable[Any], device: torch.device) -> Iterator[Any]:
    """Iterate over batches moved to the device, recording when one is waited for."""
    source: Iterator[Any] = TimedIterator(batches)
    if _start_anew(batches):
        source = _telling(source)
    return source if device.type == "cpu" else (to_device(batch, device) for batch in source)


def _start_anew(batches: Any) -> bool:
    """Tell whether workers of a loader import the user's script, as new interpreters do."""
    context = getattr(batches, "multiprocessing_context", None) or multiprocessing
    workers = getattr(batches, "num_workers", 0)
    return bool(workers) and context.get_start_method(allow_none=True) in ("spawn", "forkserver")


def _telling(batches: Iterator[Any]) -> Iterator[Any]:
    """Explain what may have killed a loader's worker."""
    try:
        yield from batches
    except RuntimeError as error:
        if not str(error).startswith("DataLoader worker (pid"):
            raise
        raise RunFailed(
            f"a worker of the loader is gone: {error}",
            where="load_data_kwargs.num_workers",
            hint="its own message is above; workers that import the script want what trains in it "
            'below: if __name__ == "__main__":',
        ) from error
