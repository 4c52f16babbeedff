"""Compare what is asked of a sweep with what there is: what is kept, new, or left behind."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, Self

from optuna.trial import FrozenTrial, TrialState

from stride.config.sweep.spec import SweepSpec
from stride.runs.layout import WorkDirPaths
from stride.runs.status import uuid_of
from stride.stats.moments import mean
from stride.sweeps.search.space import Space
from stride.sweeps.trials.trial import OVERRIDES, RUN, RUNS, SEED, SETUP, UUID, VALUE

_OPEN = (TrialState.RUNNING, TrialState.WAITING)


@dataclass(frozen=True)
class Entry:
    """A trial that is asked for.

    Attributes:
        overrides: of its runs.
        setup: digest of what it trains.
        name: of its run, None for a number.
        before: the trial that trained the same, None where it is new.
        lacks_seeds: whether that one is done, and not with all seeds that are asked for now.
        value: of that one with the seeds that are asked for now; None where it is not done.
    """

    overrides: Mapping[str, Any]
    setup: str
    name: str | None = None
    before: FrozenTrial | None = None
    lacks_seeds: bool = False
    value: float | None = None

    def runs_left(self, seeds: Collection[int | None]) -> int:
        """Return how many of its runs are to be trained, or trained on, with these seeds."""
        before = self.before
        if before is None:
            return len(seeds)
        if not (self.lacks_seeds or before.state in _OPEN):
            return 0
        done = {one[SEED] for one in before.user_attrs.get(RUNS, []) if VALUE in one}
        return len({*seeds} - done)

    def with_seeds(self, seeds: Collection[int | None]) -> Self:
        """Return the same, as the trial of before stands with these seeds."""
        before = self.before
        if before is None or before.state != TrialState.COMPLETE:
            return self
        done = {one[SEED]: one[VALUE] for one in before.user_attrs.get(RUNS, []) if VALUE in one}
        if not done.keys() >= {*seeds}:
            return replace(self, lacks_seeds=True)
        values = [done[seed] for seed in seeds]
        fewer = len(values) < len(done) and all(map(math.isfinite, values))
        return replace(self, value=mean(values) if fewer else before.value)


@dataclass(frozen=True)
class Plan:
    """What is to become of the trials of a sweep.

    Attributes:
        entries: all trials of a grid or list, in order; of a search those that are kept or tried
            again.
        left: trials that are not asked for any more; their runs stay.
        changes: whether the study does not hold these trials yet.
    """

    entries: Sequence[Entry]
    left: Sequence[FrozenTrial]
    changes: bool

    @property
    def kept(self) -> list[Entry]:
        """Return the trials that go over as they are."""
        return [one for one in self.entries if one.before is not None]

    @property
    def new(self) -> list[Entry]:
        """Return the trials that are to be trained from the start."""
        return [one for one in self.entries if one.before is None]

    @property
    def changed(self) -> list[Entry]:
        """Return the new ones that were trained before, with another config, code or data."""
        before = [one.user_attrs.get(OVERRIDES) for one in self.left]
        return [one for one in self.new if dict(one.overrides) in before]


@dataclass(frozen=True)
class Before:
    """The trials of a sweep as it is.

    Attributes:
        trials: in the order of their numbers.
        spec: by which they were made.
        work_dir: where their runs are.
        completed: also those of before the sweep was changed, the newest last.
    """

    trials: Sequence[FrozenTrial]
    spec: SweepSpec
    work_dir: WorkDirPaths
    completed: Sequence[FrozenTrial] = ()

    def usable(self, spec: SweepSpec, *, retry_failed: bool) -> list[FrozenTrial]:
        """Return the trials that may go over to what is asked now, if they train the same.

        One of several seeds goes over with the runs that are there: it is trained on with the rest.
        """
        same_pruner = spec.pruner_kwargs == self.spec.pruner_kwargs

        def stays(one: FrozenTrial) -> bool:
            if one.state == TrialState.PRUNED and not same_pruner:
                return False
            if one.state == TrialState.FAIL:
                return not retry_failed
            there = self._runs_there(one)
            if one.state in (TrialState.COMPLETE, TrialState.WAITING):
                return bool(there)
            return len(there) == len(one.user_attrs.get(RUNS, []))

        return [self._with_runs_there(one) for one in self.trials if stays(one)]

    def left_earlier(self) -> list[FrozenTrial]:
        """Return the trials that were complete at any time and whose runs are all there."""
        return [
            one
            for one in self.completed
            if (runs := one.user_attrs.get(RUNS)) and self._runs_there(one) == runs
        ]

    def _with_runs_there(self, trial: FrozenTrial) -> FrozenTrial:
        same = copy(trial)
        same.user_attrs = {**trial.user_attrs, RUNS: self._runs_there(trial)}
        return same

    def _runs_there(self, trial: FrozenTrial) -> list[dict[str, Any]]:
        runs = trial.user_attrs.get(RUNS, [])
        return [one for one in runs if uuid_of(self.work_dir.run(one[RUN])) == one[UUID]]


def plan_listed(
    wanted: Sequence[Entry], before: Before, spec: SweepSpec, *, retry_failed: bool
) -> Plan:
    """Compare the trials of a grid or list with those that there are."""
    known = [*before.left_earlier(), *before.usable(spec, retry_failed=retry_failed)]
    usable = {_setup(one): one for one in known}
    entries = [Entry(one.overrides, one.setup, one.name, usable.get(one.setup)) for one in wanted]
    return _plan(entries, before, spec)


def plan_search(
    before: Before,
    spec: SweepSpec,
    setup: Callable[[Mapping[str, Any]], str],
    *,
    retry_failed: bool,
) -> Plan:
    """Keep the trials of a search that could be of the one that is asked for now.

    Args:
        before: the trials that there are.
        spec: what is asked.
        setup: gives the digest of what overrides train now.
        retry_failed: whether failed trials are trained again.
    """
    space = Space(spec.search)
    # A search may choose the same twice, and both count.
    usable = {one.number: one for one in before.usable(spec, retry_failed=retry_failed)}
    entries: list[Entry] = []
    for one in before.trials:
        overrides = one.user_attrs.get(OVERRIDES)
        if overrides is None or not space.holds(overrides):
            continue
        now, there = setup(overrides), usable.get(one.number, one)
        same = one.number in usable and _setup(one) == now
        kept = same or one.state == TrialState.RUNNING
        if kept or (retry_failed and one.state == TrialState.FAIL):
            entries.append(Entry(overrides, now, before=there if kept else None))
    return _plan(entries, before, spec)


def _setup(trial: FrozenTrial) -> str:
    return str(trial.user_attrs.get(SETUP))


def _plan(entries: list[Entry], before: Before, spec: SweepSpec) -> Plan:
    taken = {one.before._trial_id for one in entries if one.before is not None}
    left = [one for one in before.trials if one._trial_id not in taken and _has_ended(one)]
    same = _identity(spec) == _identity(before.spec)
    as_it_is = (
        same
        and len(entries) == len(before.trials)
        and all(_is_in_place(entry, one) for entry, one in zip(entries, before.trials, strict=True))
    )
    return Plan(entries, left, changes=not as_it_is)


def _is_in_place(entry: Entry, trial: FrozenTrial) -> bool:
    if entry.before is not None:
        same = entry.before.user_attrs.get(RUNS, []) == trial.user_attrs.get(RUNS, [])
        return same and entry.before._trial_id == trial._trial_id
    return trial.state == TrialState.WAITING and trial.user_attrs.get(SETUP) == entry.setup


def _has_ended(one: FrozenTrial) -> bool:
    return one.state in (TrialState.COMPLETE, TrialState.PRUNED)


def _identity(spec: SweepSpec) -> dict[str, Any]:
    """Return what of a spec cannot change within a study, its listed trials aside."""
    loose = {"trials", "stop_on_error", "grid", "runs"}
    return {key: value for key, value in spec.to_json().items() if key not in loose}
