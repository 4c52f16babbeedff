"""Work on a sweep: take a trial, train its runs, tell how it ended, until none is left."""

import math
from collections.abc import Callable

from optuna.pruners import NopPruner
from optuna.trial import TrialState

from stride.stats.moments import mean
from stride.sweeps.request.setups import Setups
from stride.sweeps.sweep import Sweep
from stride.sweeps.trials.given import given_digest
from stride.sweeps.trials.queue import Queue
from stride.sweeps.trials.racing import is_beaten
from stride.sweeps.trials.runs import TrialRuns
from stride.sweeps.trials.seeds import seeds_of
from stride.sweeps.trials.trial import SETUP, OpenTrial, Outcome, worst
from stride.sweeps.trials.worker_mark import WorkerMark
from stride.trainer.trainer import Trainer

AfterTrial = Callable[[OpenTrial, Outcome], object]


def do_nothing(trial: OpenTrial, outcome: Outcome) -> None:
    """Do nothing after a trial."""


class Worker:
    """Train trials in this process, one after the other.

    Args:
        sweep: of the trials.
        trainer: trains their runs.
    """

    def __init__(self, sweep: Sweep, trainer: Trainer) -> None:
        self._sweep = sweep
        self._runs = TrialRuns(sweep, trainer)
        self._setups = Setups(sweep.base, sweep.record.data_fingerprint, given_digest(trainer))
        self._prunes = not isinstance(sweep.study.pruner, NopPruner)

    def work(self, after_trial: AfterTrial = do_nothing) -> None:
        """Train trials until none is left to take.

        Args:
            after_trial: called with each trial that has ended.

        Raises:
            Interrupted: a signal ended the training, with a checkpoint behind it.
        """
        with WorkerMark(self._sweep.paths) as mark:
            queue = Queue(self._sweep, mark)
            failed = self._failed()
            while not self._is_to_stop(failed) and (trial := queue.take()) is not None:
                after_trial(trial, self._finish(trial))

    def _failed(self) -> int:
        return len(self._sweep.study.get_trials(deepcopy=False, states=(TrialState.FAIL,)))

    def _is_to_stop(self, failed: int) -> bool:
        """Tell whether a trial has failed, be it another worker's, and the sweep ends by that."""
        return self._sweep.spec.stop_on_error and self._failed() > failed

    def _finish(self, trial: OpenTrial) -> Outcome:
        outcome = self._train(trial)
        # Now that its code is imported, which counts too.
        trial.note(SETUP, self._setups.of(trial.overrides))
        trial.tell(outcome)
        return outcome

    def _train(self, trial: OpenTrial) -> Outcome:
        """Train the runs of a trial, as many as it takes to judge it."""
        seeds = seeds_of(self._sweep.spec, trial.overrides, self._sweep.base.config.seed)
        for n, seed in enumerate(seeds):
            outcome = self._runs.train(trial, seed, pruning=self._prunes and n == 0)
            if outcome.state != TrialState.COMPLETE:
                return outcome
            if self._prunes and n + 1 < len(seeds) and is_beaten(trial, self._sweep.record.mode):
                return Outcome(TrialState.PRUNED)
        values = [trial.values()[seed] for seed in seeds]
        finite = all(map(math.isfinite, values))
        value = mean(values) if finite else worst(self._sweep.record.mode)
        return Outcome(TrialState.COMPLETE, value)
