"""Work on a sweep: take trials, train their runs, tell how they ended, until none is left."""

import math
from collections.abc import Callable, Iterator, Sequence

from optuna.pruners import NopPruner
from optuna.trial import TrialState

from stride.config.pack import Pack
from stride.stats.moments import mean
from stride.sweeps.packing import Packing
from stride.sweeps.request.setups import Setups
from stride.sweeps.request.trial_data import TrialData
from stride.sweeps.sweep import Sweep
from stride.sweeps.trials.given import given_digest
from stride.sweeps.trials.queue import Queue
from stride.sweeps.trials.racing import is_beaten
from stride.sweeps.trials.runs import Job, TrialRuns
from stride.sweeps.trials.seeds import seeds_of
from stride.sweeps.trials.trial import SETUP, OpenTrial, Outcome, worst
from stride.sweeps.trials.worker_mark import WorkerMark
from stride.trainer.trainer import Trainer

_BEATEN = Outcome(TrialState.PRUNED)

AfterTrial = Callable[[OpenTrial, Outcome], object]


def do_nothing(trial: OpenTrial, outcome: Outcome) -> None:
    """Do nothing after a trial."""


class Worker:
    """Train trials in this process: one after the other, or several as one stack.

    Args:
        sweep: of the trials.
        trainer: trains their runs.
        pack: how many runs are trained as one stack, as for `Packing`.
        workers: how many processes share the trials out.
    """

    def __init__(
        self, sweep: Sweep, trainer: Trainer, pack: Pack = "auto", *, workers: int = 1
    ) -> None:
        self._sweep, self._workers = sweep, workers
        self._packing = Packing(sweep.spec, trainer, pack)
        self._runs = TrialRuns(sweep, trainer, self._packing)
        record = sweep.record
        data = TrialData(record.data_fingerprint, record.data_fingerprints)
        self._setups = Setups(sweep.base, data, given_digest(trainer))
        self._prunes = not isinstance(sweep.study.pruner, NopPruner)
        self._in_hand: list[OpenTrial] = []  # taken, and not alike enough for the pack before

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
            while not self._is_to_stop(failed) and (trials := self._take(queue)):
                for trial, outcome in zip(trials, self._train(trials), strict=True):
                    # Now that its code is imported, which counts too.
                    trial.note(SETUP, self._setups.of(trial.overrides))
                    trial.tell(outcome)
                    after_trial(trial, outcome)

    def _failed(self) -> int:
        return len(self._sweep.study.get_trials(deepcopy=False, states=(TrialState.FAIL,)))

    def _is_to_stop(self, failed: int) -> bool:
        """Tell whether a trial has failed, be it another worker's, and the sweep ends by that."""
        return self._sweep.spec.stop_on_error and self._failed() > failed

    def _take(self, queue: Queue) -> list[OpenTrial]:
        """Take the next trial, and with it those that follow and make a pack with it."""
        trials, self._in_hand = self._in_hand or _one(queue.take()), []
        if not trials or not self._packing.takes_trials:
            return trials
        first = self._jobs(trials[0])
        room = self._packing.most // len(first)
        while len(trials) < room and (more := _one(queue.take())):
            (job, *_) = self._jobs(more[0])
            if not self._runs.are_packed([first[0], job], len(first) * room):
                self._in_hand = more
                break
            if len(trials) == 1:  # what is left is shared out among all who train
                room = min(room, 1 + math.ceil((1 + queue.left()) / self._workers))
            trials += more
        return trials

    def _jobs(self, trial: OpenTrial) -> list[Job]:
        """Return the runs of a trial, one for each seed."""
        seeds = seeds_of(self._sweep.spec, trial.overrides, self._sweep.base.config.seed)
        return [Job(trial, seed, self._prunes and n == 0) for n, seed in enumerate(seeds)]

    def _train(self, trials: Sequence[OpenTrial]) -> list[Outcome]:
        """Train the runs of trials, as many as it takes to judge each."""
        ended: dict[int, Outcome] = {}
        *rounds, last = self._rounds(trials)
        for jobs in [*rounds, last]:
            wanted = [job for job in jobs if job.trial.number not in ended]
            for job, outcome in zip(wanted, self._train_runs(wanted), strict=True):
                if outcome.state != TrialState.COMPLETE:
                    ended.setdefault(job.trial.number, outcome)
            if self._prunes and jobs is not last:
                ended |= {n: _BEATEN for n in self._beaten(trials) if n not in ended}
        return [ended.get(trial.number) or self._mean(trial) for trial in trials]

    def _rounds(self, trials: Sequence[OpenTrial]) -> list[Sequence[Job]]:
        """Return the runs in the order of training, those at once that wait for no other."""
        by_seed = [*zip(*map(self._jobs, trials), strict=True)]
        jobs = [job for some in by_seed for job in some]
        if not self._prunes and self._runs.are_packed(jobs, len(jobs)):
            return [jobs]
        return [*by_seed]

    def _train_runs(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        most = self._packing.most
        for begin in range(0, len(jobs), most):
            yield from self._runs.train(jobs[begin : begin + most])

    def _beaten(self, trials: Sequence[OpenTrial]) -> Iterator[int]:
        mode = self._sweep.record.mode
        yield from (trial.number for trial in trials if is_beaten(trial, mode))

    def _mean(self, trial: OpenTrial) -> Outcome:
        """Return the outcome of a trial whose runs are all complete."""
        values = [trial.values()[job.seed] for job in self._jobs(trial)]
        finite = all(map(math.isfinite, values))
        value = mean(values) if finite else worst(self._sweep.record.mode)
        return Outcome(TrialState.COMPLETE, value)


def _one(trial: OpenTrial | None) -> list[OpenTrial]:
    return [] if trial is None else [trial]
