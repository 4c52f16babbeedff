"""Put the report of a sweep together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from stride.runs.deciding.comparison import Comparison, Measured
from stride.runs.deciding.configurations import Study
from stride.runs.deciding.settings import SEED
from stride.runs.layout import SweepPaths
from stride.sweeps.following.standing import Standing, standing_of
from stride.sweeps.following.words import overrides_of
from stride.sweeps.report.configurations import compared, study_of
from stride.sweeps.report.edges import AtEdge, at_edges
from stride.sweeps.report.failures import Failure, failures
from stride.sweeps.report.importances import Importances, importances
from stride.sweeps.sweep import Sweep, read_sweep
from stride.sweeps.trials.trial import RUN, RUNS


@dataclass(frozen=True)
class Best:
    """The best configuration of a sweep.

    Attributes:
        overrides: to train the same, those of every trial among them.
        measured: its values over the seeds.
        trials: that tried it.
    """

    overrides: Mapping[str, Any]
    measured: Measured
    trials: Sequence[FrozenTrial]


@dataclass(frozen=True)
class Report:
    """What there is to say of a sweep.

    Attributes:
        sweep: as it lies.
        standing: how many of its trials stand how.
        study: the configurations that came to their end.
        comparison: of these, the best first.
        best: None where no trial has come to its end with a finite value.
        failures: each with its reason.
        importances: of the keys.
        at_edges: where the best is at an end of what was tried.
    """

    sweep: Sweep
    standing: Standing
    study: Study
    comparison: Comparison
    best: Best | None
    failures: Sequence[Failure]
    importances: Importances
    at_edges: Sequence[AtEdge]

    def trials_of(self, row: Measured) -> list[FrozenTrial]:
        """Return the trials that tried a configuration, in the order of their numbers."""
        return _trials_of(row, self._by_run)

    @cached_property
    def _by_run(self) -> dict[str, FrozenTrial]:
        return _by_run(self.standing.ended_as(TrialState.COMPLETE))


def report(paths: SweepPaths) -> Report:
    """Report a sweep as it lies, be it under way; no torch is loaded for it.

    Raises:
        UserError: a file of it is broken or missing, or the storage cannot be opened.
    """
    sweep = read_sweep(paths)
    standing = standing_of(sweep)
    complete = standing.ended_as(TrialState.COMPLETE)
    study = study_of(sweep, complete)
    comparison = compared(sweep, study)
    best = _best(sweep, comparison, complete)
    return Report(
        sweep,
        standing,
        study,
        comparison,
        best,
        failures(sweep, standing.ended_as(TrialState.FAIL)),
        importances(sweep.study, complete),
        [] if best is None else at_edges(sweep.spec, best.overrides),
    )


def _best(sweep: Sweep, comparison: Comparison, complete: Sequence[FrozenTrial]) -> Best | None:
    found = comparison.best
    if found is None:
        return None
    trials = _trials_of(found, _by_run(complete))
    overrides = {**sweep.spec.overrides, **overrides_of(trials[0])}
    if len(found.values) > 1:  # of several seeds none is better than another
        overrides.pop(SEED, None)
    elif isinstance(sweep.spec.seeds, list):
        overrides[SEED] = sweep.spec.seeds[0]
    return Best(overrides, found, trials)


def _by_run(trials: Sequence[FrozenTrial]) -> dict[str, FrozenTrial]:
    return {noted[RUN]: one for one in trials for noted in one.user_attrs.get(RUNS, [])}


def _trials_of(row: Measured, by_run: Mapping[str, FrozenTrial]) -> list[FrozenTrial]:
    """Return the trials that tried a configuration, in the order of their numbers."""
    runs = [*row.configuration.runs.values(), *(left.facts for left in row.configuration.again)]
    found = {(one := by_run[facts.row.name]).number: one for facts in runs}
    return [found[number] for number in sorted(found)]
