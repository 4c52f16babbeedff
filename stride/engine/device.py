"""Turn the name of a device into the device, or say that it is not there."""

import torch

from stride.distributed import local_rank, world_size
from stride.errors import DeviceError


def resolve_device(name: str) -> torch.device:
    """Return the device called `auto`, `cpu`, `gpu`, `cuda`, `cuda:1`, `mps` ...

    Raises:
        DeviceError: the name is no device, or the device is not there.
    """
    if name == "auto":
        return _best_device()
    device = _parse(name)
    if device.type == "cuda":
        if device.index is None and world_size() > 1:
            device = torch.device("cuda", _own_cuda())
        _require_cuda(device)
    elif device.type == "mps" and not torch.backends.mps.is_available():
        raise DeviceError("no MPS device is there", where="device=mps", hint="type: device=cpu")
    return device


def _best_device() -> torch.device:
    if torch.cuda.is_available():
        device = torch.device("cuda", _own_cuda())
        _require_cuda(device)
        return device
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _own_cuda() -> int:
    """Return the number of this process's CUDA device: one for each process of a host."""
    return local_rank() if world_size() > 1 else torch.cuda.current_device()


def _parse(name: str) -> torch.device:
    try:
        device = torch.device(name.replace("gpu", "cuda", 1) if name.startswith("gpu") else name)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda", "mps"):
        raise DeviceError(
            f"{name!r} is no device",
            where="device",
            hint="type one of: auto, cpu, cuda, cuda:1, gpu, mps",
        )
    return device


def _require_cuda(device: torch.device) -> None:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count > (device.index or 0):
        return
    there = f"{count} CUDA device(s) are there" if count else "no CUDA device is there"
    last = f"cuda:{count - 1}" if count else "cpu"
    hint = f"type: device={last} or device=auto"
    if count and world_size() > 1 and device.index == local_rank():
        hint = f"start no more processes on a host: --nproc-per-node={count}"
    raise DeviceError(there, where=f"device={device}", hint=hint)


def device_name(device: torch.device) -> str:
    """Return the product name of an accelerator, or the kind of the device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
