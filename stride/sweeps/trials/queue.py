"""Take the next trial: one whose worker has gone, one that waits, or one that is asked for."""

import math
from collections.abc import Iterator
from dataclasses import replace

from optuna.trial import FrozenTrial, TrialState

from stride.runs.files.lock import locked
from stride.runs.status import is_written
from stride.runs.work_dir import WorkDir
from stride.sweeps.search.space import Space
from stride.sweeps.sweep import Sweep
from stride.sweeps.trials.trial import NAME, OVERRIDES, RUN, RUNS, SINCE, WORKER, OpenTrial
from stride.sweeps.trials.worker_mark import WorkerMark, is_gone


class Queue:
    """The trials of a study, of which one worker at a time takes the next.

    Args:
        sweep: of the trials.
        mark: of this worker.
    """

    def __init__(self, sweep: Sweep, mark: WorkerMark) -> None:
        self._sweep, self._mark = sweep, mark
        self._work_dir, self._space = WorkDir(sweep.work_dir), Space(sweep.spec.search)

    def take(self) -> OpenTrial | None:
        """Return the next trial, which is this worker's now; None where none is left."""
        with locked(self._sweep.paths.lock):
            trials = self._sweep.study.get_trials(deepcopy=False)
            left = next(self._abandoned(trials), None)
            number = self._begin(trials) if left is None else left.number
            return None if number is None else self._taken(number)

    def _abandoned(self, trials: list[FrozenTrial]) -> Iterator[FrozenTrial]:
        running = (one for one in trials if one.state == TrialState.RUNNING)
        for one in running:
            gone = is_gone(self._sweep.paths, one.user_attrs.get(WORKER))
            if gone and not self._is_trained(one):
                yield one

    def _is_trained(self, trial: FrozenTrial) -> bool:
        """Tell whether a run of the trial lives: its last heartbeat may be later than ours."""
        runs = trial.user_attrs.get(RUNS, [])
        return any(is_written(self._work_dir.paths.run(one[RUN])) for one in runs)

    def left(self) -> float:
        """Return how many trials may still be taken; inf for a search without an end."""
        trials = self._sweep.study.get_trials(deepcopy=False)
        return sum(1 for _ in self._abandoned(trials)) + self._left(trials)

    def _left(self, trials: list[FrozenTrial]) -> float:
        waiting = sum(one.state == TrialState.WAITING for one in trials)
        if self._sweep.spec.kind != "search":
            return waiting
        most = math.inf if self._sweep.spec.trials is None else self._sweep.spec.trials
        return waiting + max(0, most - len(trials))

    def _begin(self, trials: list[FrozenTrial]) -> int | None:
        return self._sweep.study.ask().number if self._left(trials) else None

    def _taken(self, number: int) -> OpenTrial:
        """Mark the trial as this worker's, and write down what it is to try."""
        trial = OpenTrial(self._sweep.study, self._sweep.storage, number, {})
        noted = trial.frozen().user_attrs
        since = noted.get(WORKER, {}).get(SINCE, self._work_dir.numbers.highest())
        trial.note(WORKER, {**self._mark.to_json(), SINCE: since})
        overrides = noted.get(OVERRIDES)
        if overrides is None:
            overrides = self._space.suggest(trial.to_suggest())
            trial.note(OVERRIDES, overrides)
        name = noted.get(NAME)
        return replace(trial, overrides=overrides | ({} if name is None else {"run": name}))
