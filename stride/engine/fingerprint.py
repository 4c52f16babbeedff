"""Keep the bits of each step, by which two trainings are told apart at their first difference."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch import Tensor

from stride.distributed import sum_tensor
from stride.models.shards import is_sharded, local_shard

Row = dict[str, Any]

_WHOLE_NUMBERS = {1: torch.uint8, 2: torch.uint16, 4: torch.uint32, 8: torch.uint64}


class Fingerprint:
    """Gather losses, gradient norms and digests of weights; give them as rows when they are read.

    Nothing here waits for the device in a step: losses come in when they are read anyway, norms
    and digests stay on the device until then.
    """

    def __init__(self) -> None:
        self._first = 1
        self._norms: list[Tensor] = []
        self._digests: dict[int, Tensor] = {}
        self._read: list[_Read] = []

    def begin(self, step: int) -> None:
        """Expect the losses of the steps after this one."""
        self._first = step + 1
        self._norms, self._digests, self._read = [], {}, []

    def add_norm(self, norm: Tensor) -> None:
        """Take the norm of a step's gradients."""
        self._norms.append(norm)

    def add_digest(self, step: int, weights: Mapping[str, Any]) -> None:
        """Take a digest of all weights after a step; of divided ones, the rows of all processes.

        Every process has to come by then: the digests of their rows are added, and nobody waits
        for the device.
        """
        tensors = [value for value in weights.values() if isinstance(value, Tensor)]
        digest = torch.stack([_digest(local_shard(tensor)) for tensor in tensors])
        if any(is_sharded(tensor) for tensor in tensors):
            sum_tensor(digest.view(torch.int64))
        self._digests[step] = digest

    def add_losses(self, losses: Sequence[float], dtype: torch.dtype) -> None:
        """Take the losses of consecutive steps, together with what else came from them.

        Args:
            losses: as they were read; a float holds all bits of any type of fewer.
            dtype: the type that they had.
        """
        norms = self._norms if len(self._norms) == len(losses) else []
        before = self._read[-1] if self._read else None
        if before and before.dtype == dtype and not (before.norms or self._norms or self._digests):
            before.losses.extend(losses)
        else:
            self._read.append(_Read(self._first, [*losses], dtype, norms, self._digests))
            self._norms, self._digests = [], {}
        self._first += len(losses)

    def take_rows(self) -> list[Row]:
        """Return the rows of what was added since the last call."""
        read, self._read = self._read, []
        together = groupby(read, lambda one: (one.dtype, bool(one.norms)))
        return [_row(list(some)) for _, some in together]


class _Read(NamedTuple):
    """Consecutive steps whose losses were read at once, with what else came from them."""

    first: int
    losses: list[float]
    dtype: torch.dtype
    norms: list[Tensor]
    digests: Mapping[int, Tensor]


def _row(read: Sequence[_Read]) -> Row:
    """Return the row of consecutive steps, all of them with norms or none, and of one type."""
    losses = torch.tensor([loss for one in read for loss in one.losses], dtype=read[0].dtype)
    row: Row = {"step": read[0].first, "loss": bits_of(losses)}
    if norms := [norm for one in read for norm in one.norms]:
        row["norm"] = bits_of(torch.stack(norms))
    if digests := {str(step): bits_of(d) for one in read for step, d in one.digests.items()}:
        row["weights"] = digests
    return row


def _digest(tensor: Tensor) -> Tensor:
    if not tensor.numel():  # a process may have no rows of a small one
        return torch.zeros((), dtype=torch.uint64, device=tensor.device)
    return torch.hash_tensor(tensor)


def bits_of(numbers: Tensor) -> str:
    """Return the type of the numbers, and the bits of each in hexadecimal digits."""
    whole = numbers.detach().cpu().contiguous().view(_WHOLE_NUMBERS[numbers.element_size()])
    name = str(numbers.dtype).removeprefix("torch.")
    return f"{name}:{whole.numpy().astype(f'>u{numbers.element_size()}').tobytes().hex()}"
