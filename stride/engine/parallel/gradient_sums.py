"""Send many tensors as one: the sum of all ranks' gradients, and the copies of rank 0's tensors."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from stride.distributed import copy_from_main, sum_tensor
from stride.models.losses import Size
from stride.models.shards import local_shard

AnyTensor = TypeVar("AnyTensor", bound=Tensor)


def add_gradients(parameters: Sequence[Tensor], weight: Size) -> None:
    """Replace the gradients by the sum of those of all ranks, over the sum of the ranks' weights.

    A parameter without a gradient counts as zeros; one that has none on any rank keeps none.
    """
    for alike in _by_type(p for p in parameters if p.requires_grad):
        known = all(parameter.grad is not None for parameter in alike)
        used = [True] * len(alike) if known else [p.grad is not None for p in alike]
        sums, counts, total = _summed(alike, used, weight)
        # Only a rank to which a gradient is missing has to ask, and to wait for the device.
        _take(alike, sums.div_(_divisor(total)), used if known else counts.tolist())


def _summed(
    parameters: Sequence[Tensor], used: Sequence[bool], weight: Size
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the sums over all ranks of the gradients end to end, of who has them, of weights."""
    first = parameters[0]
    exact = first.dtype in (torch.float32, torch.float64)
    own = as_number(weight, first.dtype if exact else torch.float32, first.device)
    gradients = [_gradient(parameter) for parameter in parameters]
    flat = torch.cat([*gradients, first.new_tensor(used), *([own.reshape(1)] if exact else [])])
    sum_tensor(flat)
    if not exact:  # half precision would round a sum of weights
        sum_tensor(own)
    sums, counts, *total = flat.split_with_sizes(
        [sum(map(Tensor.numel, parameters)), len(used), *[1] * exact]
    )
    return sums, counts, total[0] if exact else own


def divide_gradients(parameters: Sequence[Tensor], total: Size) -> None:
    """Divide the gradients that there are by a sum of weights; by none where that is 0."""
    if isinstance(total, Tensor) or total not in (0, 1):
        gradients = [local_shard(p.grad) for p in parameters if p.grad is not None]
        torch._foreach_div_(gradients, _divisor(total))


def as_number(weight: Size, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return a weight as a tensor of one number."""
    if isinstance(weight, Tensor):
        return weight.to(device, dtype)
    return torch.full((), weight, dtype=dtype, device=device)


def _divisor(total: Size) -> Size:
    return torch.where(total > 0, total, 1) if isinstance(total, Tensor) else total


def _by_type(tensors: Iterable[AnyTensor]) -> Iterable[list[AnyTensor]]:
    groups: dict[tuple[torch.dtype, torch.device], list[AnyTensor]] = {}
    for tensor in tensors:
        groups.setdefault((tensor.dtype, tensor.device), []).append(tensor)
    return groups.values()


def _gradient(parameter: Tensor) -> Tensor:
    gradient = parameter.grad
    if gradient is None:
        return parameter.new_zeros(parameter.numel())
    return (gradient.to_dense() if gradient.is_sparse else gradient).reshape(-1)


def _take(parameters: Sequence[Tensor], sums: Tensor, wanted: Sequence[float]) -> None:
    """Give each parameter that is wanted its part of the sums."""
    parts = sums.split_with_sizes([*map(Tensor.numel, parameters)])
    for parameter, part, is_wanted in zip(parameters, parts, wanted, strict=True):
        if not is_wanted:
            continue
        if parameter.grad is not None and parameter.grad.is_sparse:
            parameter.grad = part.view_as(parameter).to_sparse(1)
        elif parameter.is_contiguous():
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
