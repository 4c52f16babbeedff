"""Send many tensors as one: the sum of all ranks' gradients, and the copies of rank 0's tensors."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from stride.distributed import copy_from_main, sum_tensor

AnyTensor = TypeVar("AnyTensor", bound=Tensor)


def add_gradients(parameters: Sequence[Tensor], weight: float) -> None:
    """Replace the gradients by the sum of those of all ranks, each times its rank's weight.

    A parameter without a gradient counts as zeros; one that has none on any rank keeps none.
    """
    for alike in _by_type(p for p in parameters if p.requires_grad):
        known = all(parameter.grad is not None for parameter in alike)
        used = [True] * len(alike) if known else [p.grad is not None for p in alike]
        gradients = [_gradient(parameter) for parameter in alike]
        flat = torch.cat([*gradients, alike[0].new_tensor(used)])
        sum_tensor(flat.mul_(weight))
        # Only a rank to which a gradient is missing has to ask, and to wait for the device.
        wanted = used if known else flat[-len(alike) :].tolist()
        _take(alike, flat, wanted)


def _by_type(tensors: Iterable[AnyTensor]) -> Iterable[list[AnyTensor]]:
    groups: dict[tuple[torch.dtype, torch.device], list[AnyTensor]] = {}
    for tensor in tensors:
        groups.setdefault((tensor.dtype, tensor.device), []).append(tensor)
    return groups.values()


def _gradient(parameter: Tensor) -> Tensor:
    gradient = parameter.grad
    return parameter.new_zeros(parameter.numel()) if gradient is None else gradient.reshape(-1)


def _take(parameters: Sequence[Tensor], flat: Tensor, wanted: Sequence[float]) -> None:
    """Give each parameter that is wanted its part of the sum."""
    parts = flat.split_with_sizes([*map(Tensor.numel, parameters), len(parameters)])
    for parameter, part, is_wanted in zip(parameters, parts, wanted, strict=False):
        if not is_wanted:
            continue
        if parameter.is_contiguous():
            parameter.grad = part.view_as(parameter)
        else:  # as an optimiser's fused step wants it: laid out as the parameter
            parameter.grad = torch.empty_like(parameter).copy_(part.view(parameter.shape))


@torch.no_grad()
def copy_tensors(tensors: Sequence[Tensor]) -> None:
    """Overwrite tensors by those of rank 0, all of a type at once."""
    for alike in _by_type(tensors):
        flat = torch.cat([tensor.reshape(-1) for tensor in alike])
        copy_from_main(flat)
        for tensor, part in zip(alike, torch.split(flat, [t.numel() for t in alike]), strict=True):
            tensor.copy_(part.view(tensor.shape))
