"""Turn the name of a device into the device, or say that it is not there."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress

import torch

from stride.distributed import local_rank, world_size
from stride.errors import DeviceError


def resolve_device(name: str) -> torch.device:
    """Return the device called `auto`, `cpu`, `gpu`, `cuda`, `cuda:1`, `mps` ...

    Raises:
        DeviceError: the name is not a device, or the device is not there.
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
    if world_size() == 1:
        return torch.cuda.current_device()
    return cuda_number(local_rank(), torch.cuda.device_count(), os.environ)


def cuda_number(local: int, visible: int, environment: Mapping[str, str]) -> int:
    """Return which of the visible CUDA devices a process takes: that of its number on the host.

    Where a launcher shows each process a device of its own, as `srun --gpus-per-task=1`, it is
    number 0 in each. Whether they are different ones, the processes find out when they meet.

    Args:
        local: the process's number on its host.
        visible: how many devices it sees.
        environment: its variables.
    """
    shown = environment.get("CUDA_VISIBLE_DEVICES", "")
    chosen = "SLURM_GPUS_PER_TASK" in environment or (shown and "," not in shown)
    return 0 if visible == 1 and chosen else local


def device_of_its_own(name: str, device: torch.device) -> str:
    """Return what tells the CUDA device that was chosen for this process from every other.

    Empty where there is nothing to share by mistake: in one process, on the CPU, and where the
    name in the config has a number.
    """
    if world_size() == 1 or device.type != "cuda" or ":" in name:
        return ""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[(device.index or 0) :]
    if shown and shown[0].startswith("MIG"):  # a part of a device
        return f"the device {shown[0]}"
    return f"the device {torch.cuda.get_device_properties(device).uuid}"


def _parse(name: str) -> torch.device:
    try:
        device = torch.device(name.replace("gpu", "cuda", 1) if name.startswith("gpu") else name)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda", "mps"):
        raise DeviceError(
            f"{name!r} is not a device",
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


def peak_memory(device: torch.device) -> dict[str, int]:
    """Return the most bytes that this process has held, and of a CUDA device, so far.

    It waits for no device. What workers and other processes hold is not counted.
    """
    used = {"memory": memory} if (memory := _resident_peak()) else {}
    if device.type == "cuda":
        used["device_memory"] = torch.cuda.max_memory_allocated(device)
    return used


def _resident_peak() -> int:
    """Return the largest resident set, 0 where the system tells none."""
    with suppress(OSError), open("/proc/self/status", encoding="ascii", errors="replace") as lines:
        for line in lines:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    with suppress(ImportError):  # Windows has none
        import resource

        # What was there before exec counts here, hence the file above where there is one.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    return 0
