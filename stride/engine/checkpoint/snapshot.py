"""Copy a state's tensors into buffers that are held from one checkpoint to the next."""

from collections import defaultdict
from collections.abc import Mapping

import torch
from torch import Tensor

from stride.engine.checkpoint.memory import empty

Parts = Mapping[str, Mapping[str, Tensor]]
_Key = tuple[torch.Size, torch.dtype, bool]


class Staging:
    """Buffers on the CPU, each reused for a tensor of its shape and type.

    Who takes a copy must be done with the one before: they are in the same buffers. A buffer that
    no tensor fits any more is let go, and all of them are with this object.
    """

    def __init__(self) -> None:
        self._held: dict[_Key, list[Tensor]] = {}

    def copy(self, parts: Parts) -> dict[str, dict[str, Tensor]]:
        """Return copies of all tensors, by part and name, that training does not change."""
        free, self._held = self._held, defaultdict(list)
        copies = {
            part: {name: self._copied(tensor, free) for name, tensor in tensors.items()}
            for part, tensors in parts.items()
        }
        for device in {t.device for tensors in parts.values() for t in tensors.values()}:
            if device.type == "cuda":
                torch.cuda.synchronize(device)
        return copies

    def _copied(self, tensor: Tensor, free: dict[_Key, list[Tensor]]) -> Tensor:
        pinned = tensor.device.type == "cuda"  # else the device's copies would go one by one
        key = (tensor.shape, tensor.dtype, pinned)
        buffers = free.get(key)
        buffer = buffers.pop() if buffers else empty(tensor.shape, tensor.dtype, pinned=pinned)
        self._held[key].append(buffer)
        return buffer.copy_(tensor, non_blocking=pinned)
