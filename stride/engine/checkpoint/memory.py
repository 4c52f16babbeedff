"""Give tensors memory that is filled once: for reading files, and to copy a state into."""

import math
import mmap
from collections.abc import Sequence

import torch
from torch import Tensor

_LARGE = 4 * 2**20
_PAGE = 2 * 2**20  # a large one


def empty(shape: Sequence[int], dtype: torch.dtype, *, pinned: bool = False) -> Tensor:
    """Return a contiguous tensor on the CPU that holds anything.

    A large one is a private mapping of memory alone, of no file, so that nobody can change it.
    The system gives that in large pages, which halves the time that filling it takes; torch asks
    for none. A last page that is at least half used is a large one too.
    """
    size = math.prod(shape) * dtype.itemsize
    if pinned or size < _LARGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return torch.empty(tuple(shape), dtype=dtype, pin_memory=pinned)
    length = max(size, round(size / _PAGE) * _PAGE)
    pages = mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    pages.madvise(mmap.MADV_HUGEPAGE)
    return torch.frombuffer(pages, dtype=dtype, count=math.prod(shape)).view(tuple(shape))


def as_bytes(tensor: Tensor) -> memoryview:
    """Return the bytes of a contiguous tensor on the CPU, in place."""
    flat = tensor.detach().reshape(-1)
    # An empty one that NumPy has copied has a stride that torch does not take for bytes.
    return (flat.view(torch.uint8) if len(flat) else torch.empty(0, dtype=torch.uint8)).numpy().data
