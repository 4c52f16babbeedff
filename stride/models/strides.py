"""The memory layout of tensors: strides, gaps and overlaps."""

from collections.abc import Sequence

import torch
from torch import Tensor


def is_dense(tensor: Tensor) -> bool:
    """Tell whether each number of a tensor is once in its memory, with no gap between them.

    A transposed or channels_last tensor is; a slice of a larger one is not, nor an expanded one.
    """
    if tensor.is_contiguous():  # nearly all are
        return True
    expected = 1
    for step, size in _steps(tensor):
        if step != expected:
            return False
        expected *= size
    return True


def overlaps(tensor: Tensor) -> bool:
    """Tell whether a tensor has several numbers in one place of its memory, as after expand.

    A tensor whose dimensions interlock, which only `as_strided` makes, counts as one.
    """
    if tensor.is_contiguous():
        return False
    reached = 0
    for step, size in _steps(tensor):
        if step <= reached:
            return True
        reached += step * (size - 1)
    return False


def _steps(tensor: Tensor) -> list[tuple[int, int]]:
    """Return stride and size of each dimension that has several places, the shortest first."""
    if not tensor.numel():
        return []
    pairs = zip(tensor.stride(), tensor.shape, strict=True)
    return sorted((step, size) for step, size in pairs if size > 1)


def permuted_strides(tensor: Tensor) -> tuple[int, ...] | None:
    """Return the strides of a tensor that has no gaps and is not laid out row by row, else None."""
    if not is_dense(tensor) or tensor.stride() == contiguous_strides(tensor.shape):
        return None
    return tensor.stride()


def contiguous_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the strides of a new tensor of this shape."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(1, size)
    return tuple(reversed(strides))


def with_strides(tensor: Tensor, strides: Sequence[int]) -> Tensor:
    """Return a copy of a tensor with these strides; the tensor itself where it has them."""
    strides = tuple(strides)
    if tensor.stride() == strides:
        return tensor
    copy = torch.empty_strided(
        tuple(tensor.shape), strides, dtype=tensor.dtype, device=tensor.device
    )
    return copy.copy_(tensor)


def same_layout(one: Tensor, other: Tensor) -> bool:
    """Tell whether the numbers of two tensors of one shape lie in the same order.

    Where one has gaps, as a slice of a larger tensor, nothing is asked of the other.
    """
    if not is_dense(one) or not is_dense(other):
        return True
    pairs = zip(one.stride(), other.stride(), one.shape, strict=True)
    return not one.numel() or all(a == b for a, b, size in pairs if size > 1)
