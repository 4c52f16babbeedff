"""Prove before a training that a pack leaves each member the bits that it has alone."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any

import torch
from torch import Tensor

from stride.engine.packs.member import Alone, Member
from stride.engine.packs.step import PackedStep, parts_of
from stride.engine.packs.traces import Trace, difference, reported, trace
from stride.engine.random import untouched
from stride.models.steps.batch import split_batch
from stride.models.steps.step import Step

Window = Sequence[Any]
"""A batch of each member, all of one shape."""

STEPS = 20
_FIRST = 2


@dataclass(frozen=True)
class Proof:
    """What a pack was found to need.

    Attributes:
        alone: what has to be done member by member, and what differs otherwise.
        fault: what differs though all is done so: these members cannot be packed. "" for nothing.
    """

    alone: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""


def prove(members: Sequence[Member], windows: Sequence[Window], steps: int = STEPS) -> Proof:
    """Train copies of the members in a pack and alone; find what differs in any bit.

    Compared are the loss and the norm of each step; and gradients, parameters, moments, buffers and
    generators after the first steps and the last one of each shape, since what once differs in
    these stays. Where something differs, one part of the step after the other is tried.

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
        return _search(trial, parts_of(members[0])) if trial.difference([]) else Proof()


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


def _repeated(shapes: Collection[Sequence[Window]], steps: int) -> Iterator[tuple[Window, bool]]:
    """Yield the windows of the steps, and whether all is compared after each."""
    for windows in shapes:
        count = max(steps, len(windows))
        for number, window in enumerate(islice(cycle(windows), count), 1):
            yield window, number <= _FIRST or number == count


class _Trial:
    """Members, and what they are tried on."""

    def __init__(self, members: Sequence[Member], windows: Sequence[tuple[Window, bool]]) -> None:
        self._members, self._windows = members, windows

    def difference(self, alone: Collection[str]) -> str:
        """Return the first difference of a pack with these parts member by member."""
        packed, single = _Copies(self._members), _Copies(self._members)
        singles = [Alone(member) for member in single.members]
        for member in packed.members:
            member.model.train()
        try:
            pack = PackedStep(packed.members, alone=alone)
            for number, (window, whole) in enumerate(self._windows, 1):
                packed.steps = pack.gradients(dict(enumerate(window)))
                pack.apply()
                pairs = zip(singles, window, strict=True)
                single.steps = dict(enumerate(one.step(batch) for one, batch in pairs))
                if found := packed.difference(single, whole=whole):
                    return f"{found} at step {number}, of {len(split_batch(window[0])[0])} samples"
        except Exception as error:  # of any kind: the members alone are to tell it as their own
            return str(error).partition("\n")[0]
        return ""


class _Copies:
    """Copies of members, and what their last step gave."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._norms: list[list[Tensor]] = [[] for _ in members]
        pairs = zip(members, self._norms, strict=True)
        self.members = [member.copied(note_norm=norms.append) for member, norms in pairs]
        self.steps: dict[int, Step] = {}

    def difference(self, other: "_Copies", *, whole: bool) -> str:
        """Return the first thing whose bits differ, "" for none; of loss and norm if not whole."""
        for place in self.steps:
            if found := difference(self._trace(place, whole), other._trace(place, whole)):
                return f"{found} of member {place} differs"
        return ""

    def _trace(self, place: int, whole: bool) -> Trace:
        step, norms = self.steps[place], self._norms[place]
        return trace(self.members[place], step, norms) if whole else reported(step, norms)
