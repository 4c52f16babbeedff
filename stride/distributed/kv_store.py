"""Reach the launcher's store of keys, through which processes find each other."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from stride.distributed.launcher_env import meeting_point, variable
from stride.distributed.rendezvous import new_round, part
from stride.errors import RunFailed, UserError

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

T = TypeVar("T")
ANSWER_SECONDS = 12.0  # a little more than rank 0 waits for others that leave
START = "start all processes by: torchrun --nproc-per-node=N -m stride train -w W"
_stores: list["Store"] = []
_silent: list[bool] = []
_rooms = count()  # what processes do together has keys of its own


def connected(timeout: float) -> "Store":
    """Return the store, connected to once: its port can be taken only once.

    Raises:
        UserError: nobody says where it is.
        RunFailed: it, or the other processes, were not met in time.
    """
    if not _stores:
        _stores.append(_connect(timeout))
    return _stores[0]


def room(name: str, timeout: float) -> "Store":
    """Return a part of the store for one purpose, where no other key is met.

    Raises:
        UserError: as `connected`.
        RunFailed: likewise.
    """
    from torch.distributed.distributed_c10d import PrefixStore

    store = PrefixStore(f"{name}/{next(_rooms)}", connected(timeout))
    store.set_timeout(timedelta(seconds=timeout))
    return store


def answer_of(call: Callable[[], T], seconds: float = ANSWER_SECONDS) -> T | None:
    """Return what a call to the store gives; None where it fails, or gives nothing in time.

    A store whose host is cut off lets a caller wait for as long as the system tries to reach it,
    whatever its timeout. It is not asked a second time.
    """
    answers: list[T] = []

    def ask() -> None:
        with suppress(Exception):  # it may be gone with its host
            answers.append(call())

    if not _silent:
        thread = threading.Thread(target=ask, name="stride-store", daemon=True)
        thread.start()
        thread.join(seconds)
        _silent.extend([True] * thread.is_alive())
    return answers[0] if answers else None


def leave(store: "Store") -> None:
    """Leave a part of the store; where it is in this process, not before the others have."""
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        answer_of(lambda: part(store, variable("RANK", 0), variable("WORLD_SIZE", 1)))


def _connect(timeout: float) -> "Store":
    """Return the store that this start's processes have for themselves."""
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    rank, world = variable("RANK", 0), variable("WORLD_SIZE", 1)
    address, port = meeting_point()
    if not address or not port:
        raise UserError(
            f"{world} processes are to train together, and nobody says where they meet",
            where="MASTER_ADDR and MASTER_PORT",
            hint=START,
        )
    host = f"[{address}]" if ":" in address else address
    url = f"tcp://{host}:{port}?rank={rank}&world_size={world}"
    try:
        store: Store = next(rendezvous(url, timeout=timedelta(seconds=timeout)))[0]
        word = new_round(store, rank, world, timeout)
    except (OSError, RuntimeError, ValueError) as error:
        raise RunFailed(
            f"the {world} processes did not meet: {str(error).splitlines()[0]}",
            where=f"{address}:{port}",
            hint=START,
        ) from error
    return PrefixStore(f"stride/{word}", store)
