"""Say before anything is trained whether trainings that are alike can be packed, and the gain."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from stride.components import is_user_code
from stride.config import Resolved
from stride.data import Data
from stride.data.batches.memory import MemoryBatches
from stride.engine.packs.member import Alone, Member
from stride.engine.packs.step import PackedStep
from stride.engine.random import untouched
from stride.trainer.fit.session import Session
from stride.trainer.flow import rehearsed
from stride.trainer.packs.reasons import member_of, why_not_packed
from stride.trainer.packs.turns import OwnGenerators
from stride.trainer.proof.local_objects import local_objects
from stride.trainer.trainer import Trainer

_COPIES = 3  # of a network: its own, and those of the proof
_TENSORS = 4  # as large as the weights, these counted: gradients and two moments
_STEPS = 12


@dataclass(frozen=True)
class Prospect:
    """What is to be expected of a pack.

    Attributes:
        why_not: the reason for which there can be none; "" where there can.
        speedup: how many times as long the steps take one by one, with the threads that torch has.
    """

    why_not: str = ""
    speedup: float = 0.0


def prospect_of(trainer: Trainer, resolved: Resolved, width: int) -> Prospect:
    """Try a step of a training that is not begun, alone and as many times at once; make no folder.

    Args:
        trainer: that would train it.
        resolved: its config.
        width: how many are to be trained together, all of them like this one.
    """
    if why := why_not_several(trainer):
        return Prospect(why)
    try:
        return _tried(trainer, resolved, width)
    except Exception as error:  # of the training itself: alone it tells by itself what is wrong
        return Prospect(f"it cannot be tried: {error}".partition("\n")[0])


def _tried(trainer: Trainer, resolved: Resolved, width: int) -> Prospect:
    threads = torch.get_num_threads()
    with rehearsed(trainer, resolved) as (session, _):
        if why := why_not_packed(session) or _too_large(session, width):
            return Prospect(why)
        session.batches.set_epoch(0)
        batch = next(iter(session.batches))
        member = member_of(session, OwnGenerators())
        with untouched():
            return Prospect(speedup=_speedup(member, batch, width, threads))


def why_not_several(trainer: Trainer) -> str:
    """Return what a trainer has that several trainings at once cannot each have, "" for nothing."""
    if is_user_code(type(trainer)):
        return f"{type(trainer).__name__} is a class of yours, which may keep what it likes"
    given = [*local_objects(trainer), *(["the logger"] if trainer.builder.logger else [])]
    return f"{' and '.join(given)} came from Python, once for all of them" if given else ""


def _too_large(session: Session, width: int) -> str:
    """Return what a pack would need that the machine does not have, "" for nothing.

    While it is proven there are three of each network, with gradients and moments; each run has
    its data.
    """
    weights = sum(p.nbytes for p in session.assembly.model.parameters())
    needed = width * (_COPIES * _TENSORS * weights + _data_bytes(session.assembly.data))
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{width} at once need {needed / 2**30:.1f} GiB of memory" if needed > free / 2 else ""


def _data_bytes(data: Data) -> int:
    loaders = (data.train_loader, data.val_loader, data.test_loader, *data.extra_loaders.values())
    in_memory = [one for one in loaders if isinstance(one, MemoryBatches)]
    return sum(tensor.nbytes for one in in_memory for tensor in one.tensors)


def _speedup(member: Member, batch: Any, width: int, threads: int) -> float:
    alone, copies = Alone(member.copied()), [member.copied() for _ in range(width)]
    window = dict.fromkeys(range(width), batch)
    for copy in copies:
        copy.model.train()
    pack = PackedStep(copies)
    together = _seconds(lambda: _update(pack, window), threads=1)
    return width * _seconds(lambda: alone.step(batch), threads) / together


def _update(pack: PackedStep, window: dict[int, Any]) -> None:
    pack.gradients(window)
    pack.apply()


def _seconds(step: Callable[[], object], threads: int) -> float:
    """Return how long a step takes where nothing else does: the least of some."""
    with _computing_with(threads):
        return min(_seconds_of(step) for _ in range(_STEPS))


def _seconds_of(step: Callable[[], object]) -> float:
    begun = time.perf_counter()
    step()
    return time.perf_counter() - begun


@contextmanager
def _computing_with(threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
