"""Sharded tensors: torch's DTensors, of which each process holds some rows.

Everything here takes ordinary tensors too, as they are. Nothing of torch.distributed is imported
before a tensor is divided, which takes a second.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from stride.distributed import rank, world_size

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh
    from torch.distributed.tensor import DTensor


def is_sharded(thing: nn.Module | Tensor) -> bool:
    """Tell whether a tensor, or a parameter of a module, is divided among the processes."""
    if isinstance(thing, nn.Module):
        return any(is_sharded(parameter) for parameter in thing.parameters())
    return hasattr(thing, "to_local")


def local_shard(tensor: Tensor) -> Tensor:
    """Return the rows of a tensor that this process holds."""
    local: Tensor = tensor.to_local() if hasattr(tensor, "to_local") else tensor
    return local


def full_tensor(tensor: Tensor) -> Tensor:
    """Gather a full tensor on every process; a collective call."""
    full: Tensor = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
    return full


def shard_bounds(length: int, parts: int) -> list[int]:
    """Return where the rows of each part begin, and where the last one ends, as torch divides."""
    size = -(-length // parts)
    return [min(part * size, length) for part in range(parts + 1)]


def require_rows(tensor: Tensor) -> None:
    """Refuse a divided tensor that is not divided by its rows.

    Raises:
        TypeError: it is divided otherwise, or is a sum that is not added yet.
    """
    placements = getattr(tensor, "placements", ())
    if any(not placement.is_shard(0) for placement in placements):
        raise TypeError(f"a tensor divided as {placements} cannot be stored")


def cpu_mesh() -> "DeviceMesh":
    """Return all processes in a row, as places of tensors on the CPU."""
    from torch.distributed.device_mesh import init_device_mesh

    return init_device_mesh("cpu", (world_size(),))


def from_local_shard(rows: Tensor, shape: Sequence[int], mesh: "DeviceMesh") -> "DTensor":
    """Return the divided tensor of that shape of which these rows are this process's."""
    from torch.distributed.tensor import DTensor, Shard

    size = torch.Size(shape)
    strides = torch.empty(size, device="meta").stride()
    return DTensor.from_local(rows, mesh, [Shard(0)], run_check=False, shape=size, stride=strides)


def sharded_like(value: Tensor, held: Tensor) -> Tensor:
    """Return a tensor divided as another of its shape is, and on its device."""
    if not hasattr(held, "device_mesh"):
        return value
    if is_sharded(value):
        rows = local_shard(value)
    else:
        start, stop = shard_bounds(len(value), world_size())[rank() : rank() + 2]
        rows = value[start:stop]
    return from_local_shard(rows.to(held.device), held.shape, held.device_mesh)


def state_like(state: Mapping[str, Any], module: nn.Module) -> Mapping[str, Any]:
    """Return a state dict whose tensors are divided as the module's parameters are."""
    if not is_sharded(module):
        return state
    held = dict(module.named_parameters(remove_duplicate=False))
    return {
        name: sharded_like(value, held[name]) if _fits(value, held.get(name)) else value
        for name, value in state.items()
    }


def _fits(value: Any, held: Tensor | None) -> bool:
    return held is not None and isinstance(value, Tensor) and value.shape == held.shape
