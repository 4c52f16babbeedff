"""Hold numbers that steps give until they are read, without a wait for the device."""

from collections.abc import Sequence

import torch
from torch import Tensor

from stride.metrics.base import exact_type
from stride.models.losses import Size, Value


def held(value: Value) -> Value:
    """Return a number at once where that waits for nothing, else a tensor that stays as it is.

    A tensor has no graph then, and a parameter, a buffer or a part of one is copied: it may be
    moved before it is read. What is not one number is told when it is read.
    """
    if not isinstance(value, Tensor):
        return value
    if value.is_cpu and not value.ndim:
        return value.item()
    return value.detach().clone() if value.is_leaf or value._is_view() else value.data


def numbers_of(given: Sequence[Size]) -> list[float]:
    """Read all numbers, those of a device at once.

    Raises:
        RuntimeError: a tensor is not one number; likewise TypeError and ValueError.
    """
    tensors = [one for one in given if isinstance(one, Tensor)]
    if not tensors:
        return [*map(float, given)]
    if tensors[0].is_cpu:  # where reading one by one waits for nothing
        return [one.item() if isinstance(one, Tensor) else float(one) for one in given]
    alike = len({tensor.dtype for tensor in tensors}) == 1
    stacked = torch.stack(tensors if alike else [t.to(exact_type(t)) for t in tensors])
    read = iter(stacked.tolist())
    return [next(read) if isinstance(one, Tensor) else float(one) for one in given]
