"""Bring the processes of a training together, once they are known to fit each other."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from os import PathLike

import torch

from stride.config.schema import Config
from stride.config.values import flatten, plain
from stride.distributed import (
    broadcast,
    gather,
    is_main,
    on_main,
    process_group,
    require_alike,
    world_size,
)
from stride.engine.device import device_of_its_own, resolve_device
from stride.errors import RunError, UserError
from stride.runs.shared_folder import LOOK_SECONDS, Token
from stride.version import __version__

OWN = ("device", "dataset_kwargs.path", "dataset_kwargs.root")
"""Keys that may differ between hosts."""


@contextmanager
def process_group_for(config: Config, start: str = "") -> Iterator[None]:
    """Let the processes of a launcher train together until the block ends.

    Args:
        config: has to be the same in all of them.
        beginning: what the training starts from; likewise.

    Raises:
        UserError: the processes do not fit each other; the same one is raised in all of them.
        RunFailed: the other processes were not met in time.
    """
    values = config.distributed_config
    kind, own, trouble = "cpu", "", None
    try:
        device = resolve_device(config.device)
        kind, own = device.type, device_of_its_own(config.device, device)
    except UserError as error:
        trouble = error
    facts = _facts(config, start) if world_size() > 1 else {}
    require_alike(facts, trouble, own=own, timeout=values.timeout_seconds)
    with process_group(kind, backend=values.backend, timeout=values.timeout_seconds):
        yield


@contextmanager
def broadcast_user_errors() -> Iterator[None]:
    """Tell the other processes, which may be on their way to the meeting, why this one stays away.

    Raises:
        UserError: what the block raises.
    """
    try:
        yield
    except UserError as error:
        require_alike({}, error)
        raise


def _facts(config: Config, start: str) -> dict[str, str]:
    """Return what has to be the same in all processes, by words for a person."""
    values = {key: str(value) for key, value in flatten(plain(config)) if key not in OWN}
    return {"torch": torch.__version__, "stride": __version__, "the start": start, **values}


def require_shared(work_dir: str | PathLike[str], seconds: float = LOOK_SECONDS) -> None:
    """Refuse a work_dir that some process does not see as rank 0 does.

    Args:
        work_dir: where rank 0 is about to write.
        seconds: how long a file may take to be seen.

    Raises:
        RunError: names the ranks; what was made in the work_dir is removed again.
    """
    if world_size() == 1:
        return
    token = broadcast(Token(os.path.abspath(work_dir)))
    with ExitStack() as stack:
        on_main(lambda: stack.enter_context(token.placed()))
        seen = is_main() or token.is_seen(seconds)
        answers = enumerate(gather((seen, os.uname().nodename)))
        blind = [f"{one} on {host}" for one, (saw, host) in answers if not saw]
        if blind:
            raise RunError(
                f"rank 0's work_dir is not seen by rank {', '.join(blind)}",
                where=str(token.work_dir),
                hint="type work_dir=PATH with a folder that all hosts share",
            )
