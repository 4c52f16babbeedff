"""Join the processes that the launcher started, after comparing what they are about to do."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from stride.distributed.kv_store import leave, room
from stride.distributed.launcher_env import require_place
from stride.distributed.parent_death import end_with_parent
from stride.distributed.ranks import rank, world_size
from stride.distributed.rendezvous import objections
from stride.errors import UserError


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
