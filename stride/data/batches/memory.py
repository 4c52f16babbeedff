"""Batches of data in memory: the fast path, without Python per sample."""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat

import torch
from torch import Tensor

from stride.data.batches.base import OrderedBatches
from stride.data.batches.permutation import Permutation
from stride.data.batches.sampler import Counts, Order

BLOCK_BATCHES = 64  # batches gathered by one operation, at most
# torch gathers so many numbers in one thread. Beyond, starting the others costs more than small
# batches gain from them: up to 200 microseconds a block on a busy machine.
BLOCK_NUMBERS = 32_768
BLOCK_BYTES = 2**24  # of a block on an accelerator, where a launch costs more than the copy


class MemoryBatches(OrderedBatches):
    """Batches gathered from tensors: a block by one operation, then views of the block.

    The order and the batches equal those of `LoaderBatches`. Unshuffled batches are views of the
    data itself, so that they cost no copy; writing into them would change the data.

    Attributes:
        tensors: the columns, where they are kept: on the device, or in the host's memory.
        device: where the batches are wanted.
    """

    def __init__(self, tensors: Sequence[Tensor], order: Order, device: torch.device) -> None:
        self.tensors = tuple(tensors)
        self.order = order
        self.device = device
        self.batch_size: int | None = order.batch_size
        self.epoch = 0
        self.position = 0
        self._block = order.global_batch * batches_per_block(self.tensors, order.batch_size)

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Select the epoch of the next iterations, from `position` consumed samples on."""
        self.epoch, self.position = epoch, position

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        # From here to the batch there is no Python per batch: chain, zip and split are C.
        return chain.from_iterable(self._blocks(self.order.permutation(self.epoch), self.position))

    def shards(self) -> Iterator[tuple[tuple[Tensor, ...] | None, Counts]]:
        """Yield this process's share of each global batch, None for none, and the sizes."""
        return zip(chain(self, repeat(None)), self.order.counts(self.position), strict=False)

    def example(self) -> tuple[Tensor, ...]:
        """Return a batch of the first two samples, or the first batch."""
        chosen = self._first(len(self.tensors[0])).indices
        return tuple(tensor[chosen].to(self.device) for tensor in self.tensors)

    def _blocks(
        self, order: Permutation | None, begin: int
    ) -> Iterator[Iterator[tuple[Tensor, ...]]]:
        end = self.order.num_samples
        for start in range(begin, end, self._block):
            stop = min(start + self._block, end)
            chosen = self.order.shard_indices(order, start, stop)
            if chosen is None:
                yield self._cut([tensor[start:stop] for tensor in self.tensors])
            elif len(chosen):
                at = _placed(chosen, self.tensors[0].device)
                yield self._cut([tensor.index_select(0, at) for tensor in self.tensors])

    def _cut(self, block: list[Tensor]) -> Iterator[tuple[Tensor, ...]]:
        size = self.order.batch_size
        moved = (tensor.to(self.device, non_blocking=True) for tensor in block)
        # unsafe_split: as split, with views that may be changed in place while others are in use.
        return zip(*(torch.unsafe_split(tensor, size) for tensor in moved), strict=True)


def _placed(indices: Tensor, device: torch.device) -> Tensor:
    """Return the indices where the data is, from pinned memory: the host does not wait for it."""
    return indices.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else indices


def batches_per_block(tensors: Sequence[Tensor], batch_size: int) -> int:
    """Return how many batches one gathering operation makes, from 1 to BLOCK_BATCHES."""
    if tensors[0].device.type == "cpu":
        widest = max(tensor[:1].numel() for tensor in tensors)
        fit = BLOCK_NUMBERS // max(1, widest * batch_size)
    else:
        row_bytes = sum(tensor[:1].nbytes for tensor in tensors)
        fit = BLOCK_BYTES // max(1, row_bytes * batch_size)
    return max(1, min(BLOCK_BATCHES, fit))


def fits_in_memory(device: torch.device, nbytes: int) -> bool:
    """Tell whether data of this size may be kept on the device: at most half the free memory."""
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return nbytes <= free // 2
