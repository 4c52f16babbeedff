"""Say where a sweep stands: which trials run, how the others ended, and how long it will take."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from optuna.trial import FrozenTrial, TrialState

from stride.runs.layout import RunPaths
from stride.stats.moments import interquartile_mean
from stride.sweeps.sweep import Sweep
from stride.sweeps.trials.trial import RUN, RUNS, VALUE, WORKER, best_trial
from stride.sweeps.trials.worker_mark import is_gone

ENDED = {TrialState.COMPLETE: "done", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
"""What the states are called in which a trial has ended."""


class Standing(NamedTuple):
    """Hold where a sweep stands.

    Attributes:
        running: trials that a living process trains.
        ended: the others that are not waiting, in the order of their numbers.
        waiting: how many are to be trained yet; None of a search without an end.
        best: of those that are done, None before there is one.
        seconds_left: at the pace of those that have ended, by as many workers as there are now;
            None where that is not known.
    """

    running: Sequence[FrozenTrial]
    ended: Sequence[FrozenTrial]
    waiting: int | None
    best: FrozenTrial | None
    seconds_left: float | None

    def ended_as(self, state: TrialState) -> list[FrozenTrial]:
        """Return the trials that have ended so, in the order of their numbers."""
        return [one for one in self.ended if one.state == state]

    @property
    def counts(self) -> dict[str, int | None]:
        """Return how many trials are in each state, by its name."""
        ended = {name: len(self.ended_as(state)) for state, name in ENDED.items()}
        return {"running": len(self.running), **ended, "waiting": self.waiting}

    @property
    def total(self) -> int | None:
        """Return how many trials there will be, None where that is not known."""
        known = len(self.running) + len(self.ended)
        return None if self.waiting is None else known + self.waiting


def standing_of(sweep: Sweep) -> Standing:
    """Return where a sweep stands now."""
    trials = sweep.study.get_trials(deepcopy=False)
    running = [one for one in trials if one.state == TrialState.RUNNING]
    alive = [one for one in running if not is_gone(sweep.paths, one.user_attrs.get(WORKER))]
    ended = [one for one in trials if one.state in ENDED]
    waiting = _waiting(sweep, trials, len(trials) - len(alive) - len(ended))
    left = None if waiting is None else _seconds_left(ended, len(alive), waiting)
    return Standing(alive, ended, waiting, _best(sweep, ended), left)


def _waiting(sweep: Sweep, trials: Sequence[FrozenTrial], there: int) -> int | None:
    """Return how many trials wait, those included that a search is still to choose."""
    if sweep.spec.kind != "search":
        return there
    asked = sweep.spec.trials
    return None if asked is None else there + max(0, asked - len(trials))


def _best(sweep: Sweep, ended: Sequence[FrozenTrial]) -> FrozenTrial | None:
    done = (one for one in ended if one.state == TrialState.COMPLETE)
    return best_trial(done, sweep.record.mode)


def _seconds_left(ended: Sequence[FrozenTrial], running: int, waiting: int) -> float | None:
    """Return how long the rest takes; of the trials under way half is left, in the mean."""
    # A trial that an earlier study had was copied in no time.
    took = [time for one in ended if one.duration and (time := one.duration.total_seconds())]
    if not (took and running):
        return None
    # One that was left for a night and resumed counts with that night: it moves no middle half.
    return interquartile_mean(took) * (waiting + running / 2) / running


def runs_of(sweep: Sweep, trial: FrozenTrial) -> list[RunPaths]:
    """Return the runs of a trial, the best of several first."""
    sign = 1 if sweep.record.mode == "min" else -1
    noted = trial.user_attrs.get(RUNS, [])
    noted = sorted(noted, key=lambda one: sign * one[VALUE] if VALUE in one else float("inf"))
    return [RunPaths(Path(sweep.work_dir, one[RUN])) for one in noted]
