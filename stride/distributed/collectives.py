"""Speak with the other processes: values, numbers and tensors, the same bits on every rank.

In one process every function here gives back what it was given, and nothing of torch.distributed
is imported.
"""

import pickle
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from stride.distributed.ranks import is_main, world_size
from stride.errors import RunFailed

if TYPE_CHECKING:
    import torch

T = TypeVar("T")

_MESSAGE = 512  # bytes of the first message that says how a value goes on
# What was sent last. torch's thread may let go of it after us, and needs the interpreter for that:
# for ever, where the interpreter waits for the thread meanwhile, because the group is destroyed.
_kept: deque[Any] = deque(maxlen=1)


def broadcast(value: Any) -> Any:
    """Return rank 0's value on every rank."""
    if world_size() == 1:
        return value
    import torch.distributed as dist

    held = [value]
    dist.broadcast_object_list(held, src=0)
    return held[0]


def gather(value: Any) -> list[Any]:
    """Return the values of all ranks, in the order of the ranks, on every rank."""
    if world_size() == 1:
        return [value]
    import torch
    from torch.utils._pytree import tree_map_only

    content = pickle.dumps(tree_map_only(torch.Tensor, _Sent.of, value))
    answers = [pickle.loads(answer) for answer in _gather_bytes(content)]
    return [tree_map_only(_Sent, _Sent.tensor, answer) for answer in answers]


def _gather_bytes(content: bytes) -> list[bytes]:
    """Return what each rank sent: what is short goes in one message, with its length before it."""
    length = len(content).to_bytes(8, "big")
    heads = _gather_alike((length + content)[:_MESSAGE].ljust(_MESSAGE))
    lengths = [int.from_bytes(head[:8], "big") for head in heads]
    parts = [head[8:] for head in heads]
    if (more := 8 + max(lengths) - _MESSAGE) > 0:
        tails = _gather_alike(content[_MESSAGE - 8 :].ljust(more))
        parts = [part + tail for part, tail in zip(parts, tails, strict=True)]
    return [part[:length] for part, length in zip(parts, lengths, strict=True)]


def _gather_alike(content: bytes) -> list[bytes]:
    """Return the bytes of all ranks, which are as many on each."""
    import torch

    own = torch.frombuffer(bytearray(content), dtype=torch.uint8)
    return [part.numpy().tobytes() for part in _gather_tensors(own)]


def _gather_tensors(own: "torch.Tensor") -> "list[torch.Tensor]":
    import torch
    import torch.distributed as dist

    parts = [torch.empty_like(own) for _ in range(world_size())]
    group = dist.group.WORLD
    assert group is not None
    # Not dist.all_gather: its checks and log cost as much Python as a small step has time for.
    work = group.allgather([parts], [own])
    work.wait()
    if own.nbytes <= _MESSAGE:
        _kept.append((work, parts, own))
    return parts


@dataclass(frozen=True)
class _Sent:
    """A tensor on its way to another rank as plain bytes: torch does not send all types itself."""

    content: bytearray
    dtype: "torch.dtype"
    shape: "torch.Size"

    @classmethod
    def of(cls, tensor: "torch.Tensor") -> Self:
        import torch

        flat = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        return cls(bytearray(flat.numpy()), tensor.dtype, tensor.shape)

    def tensor(self) -> "torch.Tensor":
        import torch

        if not self.content:
            return torch.empty(self.shape, dtype=self.dtype)
        return torch.frombuffer(self.content, dtype=torch.uint8).view(self.dtype).view(self.shape)


def all_sum(numbers: Sequence[float]) -> list[float]:
    """Return the sum of each number over all ranks, added in double precision in their order.

    Every rank gets the same bits, so that what is decided by them is decided alike.
    """
    if world_size() == 1:
        return list(numbers)
    return [sum(column) for column in zip(*gather_numbers(numbers), strict=True)]


def gather_numbers(numbers: Sequence[float]) -> list[list[float]]:
    """Return the numbers of all ranks in double precision: as `gather`, and cheaper."""
    if world_size() == 1:
        return [list(numbers)]
    import torch

    return [row.tolist() for row in _gather_tensors(torch.tensor(numbers, dtype=torch.float64))]


def any_rank(flag: bool) -> bool:
    """Tell whether the flag is set on some rank."""
    return bool(flag) if world_size() == 1 else all_sum([float(flag)])[0] > 0


def sum_tensor(tensor: "torch.Tensor") -> None:
    """Add the tensors of all ranks in place; the order of addition is the same each time.

    gloo and nccl add along a ring that is fixed by the world size and the tensor's length: first
    a part of the sum goes round, then the whole. Two processes on CPUs swap their tensors
    instead: as many bytes, half as many messages, and the same bits.
    """
    if world_size() == 1:
        return
    import torch
    import torch.distributed as dist

    if world_size() == 2 and not tensor.is_cuda:
        torch.add(*_gather_tensors(tensor), out=tensor)
    else:
        dist.all_reduce(tensor)


def copy_from_main(tensor: "torch.Tensor") -> None:
    """Overwrite the tensor by rank 0's."""
    if world_size() > 1:
        import torch.distributed as dist

        dist.broadcast(tensor, src=0)


def barrier() -> None:
    """Wait until every rank is here."""
    gather(None)


def on_main(work: Callable[[], T]) -> T:
    """Do work on rank 0 alone; return its result, or raise its error, on every rank.

    Raises:
        RunFailed: It failed on rank 0; there the error is raised itself.
    """
    if world_size() == 1:
        return work()
    value, failure = None, ""
    if is_main():
        try:
            value = work()
        except Exception as error:
            broadcast((None, f"{type(error).__name__}: {error}"))
            raise
    value, failure = broadcast((value, ""))
    if failure:
        raise RunFailed(f"rank 0 could not go on: {failure}")
    return cast(T, value)
