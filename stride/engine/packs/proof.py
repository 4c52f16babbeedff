"""Prove before a training that a pack leaves each member the bits that it has alone."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from typing import Any

import torch
from torch import Tensor

from stride.engine.packs.member import Alone, Member
from stride.engine.packs.step import PackedStep, parts_of
from stride.engine.packs.traces import Trace, difference, trace
from stride.engine.random import untouched
from stride.errors import StrideError
from stride.models.steps.batch import split_batch
from stride.models.steps.step import Step

Window = Sequence[Any]
"""A batch of each member, all of one shape."""

STEPS = 20


@dataclass(frozen=True)
class Proof:
    """What a pack was found to need.

    Attributes:
        alone: what has to be done member by member, and what differs otherwise.
        fault: what differs though all is done so: these members cannot be packed. "" for nothing.
        speedup: how many times as long the steps of the members take one by one; 0 if not known.
    """

    alone: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
    speedup: float = field(default=0.0, compare=False)


def prove(members: Sequence[Member], windows: Sequence[Window], steps: int = STEPS) -> Proof:
    """Train copies of the members in a pack and alone; find what differs in any bit.

    Compared after each step are losses, norms, gradients, parameters, moments, buffers and
    generators. Where something differs, one part of the step after the other is tried.

    Args:
        members: as many as are to be packed; neither they nor any generator are changed.
        windows: of every shape that the epoch has.
        steps: to be made of each shape.
    """
    shapes: dict[tuple[torch.Size, ...], list[Window]] = {}
    for window in windows:
        shapes.setdefault(_shape(window), []).append(window)
    trial = _Trial(members, [*_repeated(shapes.values(), steps)])
    with untouched():
        found = _search(trial, parts_of(members[0])) if trial.difference([]) else Proof()
        return replace(found, speedup=trial.speedup)


def _search(trial: "_Trial", parts: Sequence[str]) -> Proof:
    """Put one part after the other into the stack, and leave out each with which bits differ.

    Two parts may hold each by itself and not together, so each is tried with those before it.
    """
    alone = dict.fromkeys(parts, "")
    if fault := trial.difference(alone):
        return Proof(fault=fault)
    for part in parts:
        difference = trial.difference(alone.keys() - {part})
        if difference:
            alone[part] = difference
        else:
            del alone[part]
    return Proof(alone)


def _shape(window: Window) -> tuple[torch.Size, ...]:
    return tuple(part.shape for part in split_batch(window[0]))


def _repeated(shapes: Collection[Sequence[Window]], steps: int) -> Iterator[Window]:
    for windows in shapes:
        yield from islice(cycle(windows), max(steps, len(windows)))


class _Trial:
    """Members, and what they are tried on."""

    def __init__(self, members: Sequence[Member], windows: Sequence[Window]) -> None:
        self._members, self._windows = members, windows
        self.speedup = 0.0  # of the last one in which nothing differed

    def difference(self, alone: Collection[str]) -> str:
        """Return the first difference of a pack with these parts member by member."""
        packed, single = _Copies(self._members), _Copies(self._members)
        singles = [Alone(member) for member in single.members]
        for member in packed.members:
            member.model.train()
        seconds = [0.0, 0.0]
        try:
            pack = PackedStep(packed.members, alone=alone)
            for number, window in enumerate(self._windows, 1):
                begun = time.perf_counter()
                packed.steps = pack.gradients(dict(enumerate(window)))
                pack.apply()
                between = time.perf_counter()
                pairs = zip(singles, window, strict=True)
                single.steps = dict(enumerate(one.step(batch) for one, batch in pairs))
                ended = time.perf_counter()
                if found := packed.difference(single):
                    return f"{found} at step {number}, of {len(split_batch(window[0])[0])} samples"
                seconds = [seconds[0] + between - begun, seconds[1] + ended - between]
        except (RuntimeError, StrideError) as error:
            return str(error).partition("\n")[0]
        self.speedup = seconds[1] / max(seconds[0], 1e-9)
        return ""


class _Copies:
    """Copies of members, and what their last step gave."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._norms: list[list[Tensor]] = [[] for _ in members]
        pairs = zip(members, self._norms, strict=True)
        self.members = [member.copied(note_norm=norms.append) for member, norms in pairs]
        self.steps: dict[int, Step] = {}

    def difference(self, other: "_Copies") -> str:
        """Return the first thing whose bits differ, "" for none."""
        for place in self.steps:
            if found := difference(self._trace(place), other._trace(place)):
                return f"{found} of member {place} differs"
        return ""

    def _trace(self, place: int) -> Trace:
        return trace(self.members[place], self.steps[place], self._norms[place])
