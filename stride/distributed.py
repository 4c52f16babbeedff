"""Know this process's place among its peers and speak with them: the only file that asks for the
rank.

torchrun and SLURM say by environment variables how many processes train together.
Without one there is one: then every function here gives back what it was given, and nothing of
torch.distributed is imported.
"""

import os
import pickle
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar, cast

from stride.errors import LostProcess, RunFailed, UserError
from stride.peers.failing import first_failure, loss_of_peer
from stride.peers.meeting import objections
from stride.peers.parent import end_with_parent
from stride.peers.place import require_place, variable
from stride.peers.store import leave, room

if TYPE_CHECKING:
    import torch

T = TypeVar("T")

_MESSAGE = 512  # bytes of the first message that says how a value goes on
# What was sent last. torch's thread may let go of it after us, and needs the interpreter for that:
# for ever, where the interpreter waits for the thread meanwhile, because the group is destroyed.
_kept: deque[Any] = deque(maxlen=1)


class Share(NamedTuple):
    """One process's contiguous part of what all of them do together.

    Parts differ by at most one in size, and those of all ranks end to end are the whole.
    """

    rank: int = 0
    world: int = 1

    def bounds(self, start: int, stop: int) -> tuple[int, int]:
        """Return where this process's part of the numbers from start to stop lies."""
        size = stop - start
        return (
            start + size * self.rank // self.world,
            start + size * (self.rank + 1) // self.world,
        )

    def of(self, total: int) -> int:
        """Return the size of this process's part of so many."""
        start, stop = self.bounds(0, total)
        return stop - start


def rank() -> int:
    """Return this process's number among all, 0 without a launcher."""
    return variable("RANK", 0)


def local_rank() -> int:
    """Return this process's number on its host, 0 without a launcher."""
    return variable("LOCAL_RANK", 0)


def world_size() -> int:
    """Return the number of processes that train together, 1 without a launcher."""
    return variable("WORLD_SIZE", 1)


def is_main() -> bool:
    """Tell whether this is the process that writes the run."""
    return rank() == 0


def share() -> Share:
    """Return this process's part in what all do together."""
    return Share(rank(), world_size())


def job_id() -> str:
    """Return the id of the SLURM or torchrun job, "-" without one."""
    names = ("SLURM_JOB_ID", "TORCHELASTIC_RUN_ID")
    return next((os.environ[name] for name in names if os.environ.get(name)), "-")


@contextmanager
def process_group(
    device_type: str = "cpu", *, backend: str = "auto", timeout: float = 600.0
) -> Iterator[None]:
    """Join the launcher's other processes until the block ends; alone, do nothing.

    A group that the program has made by itself is used and left as it is.

    Args:
        device_type: where the gradients are; chooses the backend.
        backend: `gloo`, `nccl`, or `auto`: nccl on CUDA, gloo elsewhere. What is no tensor goes
            by gloo in any case, so that no device is waited for.
        timeout: seconds after which a rank that does not answer is an error.

    Raises:
        UserError: the launcher's variables are not complete.
        RunFailed: the other processes were not met in time.
    """
    require_place()
    if "TORCHELASTIC_RUN_ID" in os.environ:
        end_with_parent()
    if _is_alone_or_joined():
        yield
        return
    import torch.distributed as dist

    store = room("group", timeout)
    kind = {"auto": "nccl" if device_type == "cuda" else "gloo"}.get(backend, backend)
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if kind == "nccl" else kind,
        store=store,
        rank=rank(),
        world_size=world_size(),
        timeout=timedelta(seconds=timeout),
    )
    try:
        yield
    finally:
        dist.destroy_process_group()
        leave(store)


def require_alike(
    facts: Mapping[str, str],
    trouble: UserError | None = None,
    *,
    own: str = "",
    timeout: float = 600.0,
) -> None:
    """Compare what must be the same in all processes, before they join.

    Args:
        facts: their names and values.
        trouble: what keeps this process from training; all are told, and none begins.
        own: what no other process may have, as its device; empty for nothing.
        timeout: as of `process_group`.

    Raises:
        UserError: something differs, is not one's own, or is trouble; the same one everywhere.
        RunFailed: the other processes were not met in time.
    """
    require_place()
    found: list[str] = []
    if not _is_alone_or_joined():
        store = room("facts", timeout)
        found = objections(store, rank(), world_size(), facts, str(trouble or ""), own)
        if found:
            leave(store)
    if trouble is not None:
        raise trouble
    if found:
        raise UserError(f"the {world_size()} processes cannot train together: {found[0]}")


def _is_alone_or_joined() -> bool:
    if world_size() == 1:
        return True
    import torch.distributed as dist

    return dist.is_initialized()


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


def totals(numbers: Sequence[float]) -> list[float]:
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
    return bool(flag) if world_size() == 1 else totals([float(flag)])[0] > 0


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


@contextmanager
def failing_together() -> Iterator[None]:
    """Tell the other ranks what ends this one; where it is their end, raise what ended them.

    Raises:
        RunFailed: Another rank failed first; its traceback is a note of the error.
        LostProcess: Another process is gone without a word.
    """
    try:
        yield
    except LostProcess:
        raise
    except Exception as error:
        if world_size() > 1:
            _raise_cause(error)
        raise


def _raise_cause(error: Exception) -> None:
    """Raise what ended this process, where that is not the error itself."""
    lost = loss_of_peer(error)
    first, trace = first_failure(error, follows=bool(lost))
    if first and isinstance(error, RuntimeError):
        failed = RunFailed(first)
        failed.add_note(trace)
        raise failed from error
    if lost:
        raise LostProcess(f"another process was lost: {lost}") from error
