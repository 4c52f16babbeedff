"""Choose which runs of a sweep are trained as one stack: `auto`, `off`, or so many at most."""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from optuna.pruners import NopPruner

from stride.config import Resolved
from stride.config.pack import Pack
from stride.config.sweep.spec import SweepSpec
from stride.sweeps.search.pruners.build import pruner_class
from stride.sweeps.search.samplers import sampler_class
from stride.trainer.fit.kind import kind_of
from stride.trainer.packs.choice import Choice, likeness
from stride.trainer.packs.prospect import why_not_several
from stride.trainer.trainer import Trainer

_CHOOSES_ALONE = frozenset({"RandomSampler", "QMCSampler", "BruteForceSampler"})
"""Samplers that choose a trial without looking at how others ended."""


class Foreseen(NamedTuple):
    """Hold what becomes of runs that are alike.

    Attributes:
        runs: how many.
        width: how many of them are trained as one stack; 1 for alone.
        speedup: how many times as long their steps take one by one; 0 if not measured.
        why_alone: the reason; "" where they are packed.
    """

    runs: int
    width: int
    speedup: float
    why_alone: str


class Packing:
    """How the runs of a sweep are packed.

    Args:
        spec: of the sweep.
        trainer: trains them.
        pack: `auto`: where that is measured to be faster, and no pruner compares trials on their
            way or an error is to end the sweep; `off`; or how many runs at most, wherever they
            can be packed.
    """

    def __init__(self, spec: SweepSpec, trainer: Trainer, pack: Pack = "auto") -> None:
        self._spec, self._trainer, self._pack = spec, trainer, pack
        self._choice = Choice("off" if pack == "auto" and self._waits() else pack)

    @property
    def most(self) -> int:
        """Return how many runs may be packed at most; 1: none."""
        return self._choice.most

    def _waits(self) -> str:
        """Return why a trial is to wait for the one before, "" where it need not."""
        pruner = pruner_class(self._spec.pruner_kwargs.pruner_name)
        if pruner is not NopPruner:
            return f"{pruner.__name__} compares trials on their way"
        return "the first error is to end the sweep" if self._spec.stop_on_error else ""

    @property
    def takes_trials(self) -> bool:
        """Tell whether several trials may be taken at once."""
        return self.most > 1 and not self._why_one_trial()

    def _why_one_trial(self) -> str:
        """Return why there is one trial at a time, "" where there may be several."""
        chosen = sampler_class(self._spec.sampler_kwargs.sampler_name).__name__
        if self._spec.kind == "search" and chosen not in _CHOOSES_ALONE:
            return f"{chosen} looks at one trial before it chooses the next"
        return why_not_several(self._trainer)

    def are_packed(self, configs: Sequence[Resolved], count: int) -> bool:
        """Tell whether runs of these configs, and as many more as make a count, make a pack."""
        return self._choice.are_packed(self._trainer, configs, count)

    def foreseen(self, trials: Sequence[tuple[Resolved, int]]) -> list[Foreseen]:
        """Return what becomes of the runs of trials that are to be trained, in their order.

        Args:
            trials: the config of each, and how many runs of it are left.
        """
        several, found = self.takes_trials, list[Foreseen]()
        for _, alike in groupby(trials, lambda one: likeness(one[0])):
            some = [*alike]
            counts = [runs for _, runs in some]
            together = sum(counts) if several else max(counts)
            found.append(Foreseen(sum(counts), *self._foreseen(some[0][0], together)))
        same = groupby(found, lambda one: one[1:])
        return [Foreseen(sum(one.runs for one in some), *rest) for rest, some in same]

    def _foreseen(self, config: Resolved, together: int) -> tuple[int, float, str]:
        if self.most < 2:
            return 1, 0.0, self._waits() if self._pack == "auto" else f"--pack {self._pack}"
        if together < 2:
            return 1, 0.0, self._why_one_trial() or "no two of them are alike"
        width = min(together, self.most)
        found = self._choice.prospect(self._trainer, config, width)
        if self.are_packed([config], width):
            return width, found.speedup, ""
        slow = f"a step of {width} at once is not faster ({found.speedup:.2g} times as fast)"
        return 1, found.speedup, found.why_not or slow

    def trainers(self, count: int) -> Iterator[Trainer]:
        """Yield so many trainers like that of the sweep."""
        for _ in range(count):
            made = copy(self._trainer)
            # A kind keeps what its training is at: each has its own.
            kind = kind_of(type(self._trainer))
            made.builder = replace(self._trainer.builder, callbacks=[], kind=kind)
            yield made
