"""Train the runs of trials, each an ordinary run of the work_dir, and say how they ended."""

import errno
import math
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from optuna.trial import TrialState

from stride.config import Resolved
from stride.config.nonfinite import decode_number
from stride.errors import NonFiniteError, RunError
from stride.log import LOGGER
from stride.runs.files.atomic import read_record
from stride.runs.layout import RunPaths
from stride.runs.provenance.start_state import never_began
from stride.runs.run_names import number_of
from stride.runs.status import CLEAN_END, current_state, is_written, uuid_of
from stride.runs.work_dir import WorkDir
from stride.sweeps.packing import Packing
from stride.sweeps.sweep import Sweep
from stride.sweeps.trials.failed_run import claim, fail
from stride.sweeps.trials.given import GivenParts
from stride.sweeps.trials.seeds import seeds_of
from stride.sweeps.trials.trial import RUN, SINCE, UUID, VALUE, WORKER, OpenTrial, Outcome, worst
from stride.sweeps.trials.watch import PRUNED_REASON, TrialWatch
from stride.trainer.fit.run_start import NewRun, RunStart
from stride.trainer.packs.packs import Packs
from stride.trainer.starts.resume import ResumedRun
from stride.trainer.trainer import Trainer

_TRACEBACK = "Traceback (most recent call last)"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class Job(NamedTuple):
    """Hold what is to be trained: one run of a trial.

    Attributes:
        trial: whose run it is.
        seed: of the run, None for that of the config.
        pruning: whether its evaluations are reported.
    """

    trial: OpenTrial
    seed: int | None
    pruning: bool


class TrialRuns:
    """Train runs of trials, one after the other or as one stack.

    Args:
        sweep: of the trials.
        trainer: trains them all.
        packing: says which are trained as one stack.
    """

    def __init__(self, sweep: Sweep, trainer: Trainer, packing: Packing) -> None:
        self._sweep, self._trainer, self._packing = sweep, trainer, packing
        self._work_dir = WorkDir(sweep.work_dir)
        self._given = GivenParts(trainer)
        self._packs = Packs()

    def train(self, jobs: Sequence[Job]) -> list[Outcome]:
        """Train the run of each job to its end, or find that it has come to its end.

        Args:
            jobs: of runs that are alike, should they be trained as one stack.

        Raises:
            Interrupted: a signal ended the runs, with checkpoints behind them.
            StrideError: nothing can be written any more; the runs go on once that is mended.
        """
        found = [self._found(job.trial, job.seed) for job in jobs]
        left = [n for n, job in enumerate(jobs) if not _is_done(job, found[n])]
        ended = self._fit([jobs[n] for n in left], [found[n] for n in left])
        errors = dict(zip(left, ended, strict=True))
        return [self._judge(job, errors.get(n)) for n, job in enumerate(jobs)]

    def are_packed(self, jobs: Sequence[Job], count: int) -> bool:
        """Tell whether runs, and as many more like them as make a count, are trained at once."""
        configs = [self._resolved(job.trial, job.seed) for job in jobs]
        return self._packing.are_packed(configs, count)

    def _judge(self, job: Job, error: BaseException | None) -> Outcome:
        """Return how the run of a job has ended, and note its value."""
        trial, seed = job.trial, job.seed
        noted, paths = trial.run_of(seed), self._found(trial, seed)
        if paths is not None and VALUE in noted:
            return Outcome(TrialState.COMPLETE, noted[VALUE])
        try:
            if error is not None or paths is None:
                raise error or RunError("its run is gone", where=str(self._work_dir.path))
            done = self._outcome(paths)
        except Exception as error:
            if _is_of_the_disk(error):
                raise
            done = self._failed(trial, seed, error)
        if done.value is not None:
            trial.note_run(seed, **{VALUE: done.value})
        return done

    def _fit(
        self, jobs: Sequence[Job], found: Sequence[RunPaths | None]
    ) -> list[BaseException | None]:
        """Train what is left of each; return what has ended it, None for its own end."""
        if self.are_packed(jobs, len(jobs)):
            return self._fit_together(jobs, found)
        return [self._fit_alone(*pair) for pair in zip(jobs, found, strict=True)]

    def _fit_alone(self, job: Job, paths: RunPaths | None) -> BaseException | None:
        self._given.renew()
        try:
            self._trainer.fit_from(self._start(job, paths, self._trainer))
        except Exception as error:
            return error
        finally:
            self._given.put_back()
        return None

    def _fit_together(
        self, jobs: Sequence[Job], found: Sequence[RunPaths | None]
    ) -> list[BaseException | None]:
        errors: dict[int, BaseException | None] = {}
        trainers, starts = {}, {}
        for n, trainer in enumerate(self._packing.trainers(len(jobs))):
            try:
                starts[n] = self._start(jobs[n], found[n], trainer)
                trainers[n] = trainer
            except Exception as error:
                errors[n] = error
        ended = self._packs.fit([*trainers.values()], [*starts.values()])
        errors |= {n: one.error for n, one in zip(starts, ended, strict=True)}
        return [errors[n] for n in range(len(jobs))]

    def _start(self, job: Job, paths: RunPaths | None, trainer: Trainer) -> RunStart:
        """Return where the run of a job begins or goes on, watched."""
        trial, seed = job.trial, job.seed
        start: RunStart = self._new(trial, seed) if paths is None else ResumedRun.of(paths.path)
        config = start.resolved.config.training_config
        watch = TrialWatch(
            trial,
            seed,
            self._sweep.record.metric if job.pruning else "",
            by_step=config.evaluate_every_steps is not None,
            state=lambda: trainer.state,
        )
        start.callbacks.append(watch)
        return start

    def _new(self, trial: OpenTrial, seed: int | None) -> NewRun:
        resolved = self._resolved(trial, seed)
        name, relation = resolved.config.run, self._titled(trial)
        if name is None:
            return NewRun(resolved, trial=relation)
        left = self._work_dir.paths.run(name)
        # A name that a kill left to a run which had not begun is the trial's still; for a moment
        # that one looks as if it were being made.
        is_left = left.path.exists() and never_began(left)
        own = {"run": None} if is_left and is_written(left) else {}
        return NewRun(resolved.override(own), trial=relation, force=is_left)

    def _resolved(self, trial: OpenTrial, seed: int | None) -> Resolved:
        first = self._sweep.base.config.seed
        own: dict[str, Any] = {} if seed in (None, first) else {"seed": seed}
        if seed != seeds_of(self._sweep.spec, trial.overrides, first)[0]:
            own["run"] = None  # a name is that of the first run; the others have numbers
        return self._sweep.resolved({**trial.overrides, **own})

    def _relation(self, trial: OpenTrial) -> dict[str, Any]:
        record = self._sweep.record
        return {
            "name": record.name,
            "uuid": record.uuid,
            "study": record.study,
            "trial": trial.number,
        }

    def _titled(self, trial: OpenTrial) -> dict[str, Any]:
        listed = self._sweep.spec.runs
        titles = listed[trial.number].titles if listed else {}
        return self._relation(trial) | ({"titles": titles} if titles else {})

    def _found(self, trial: OpenTrial, seed: int | None) -> RunPaths | None:
        """Return the run of a seed; also one that was claimed and not noted any more."""
        noted = trial.run_of(seed)
        if noted:
            paths = self._work_dir.paths.run(noted[RUN])
            return paths if uuid_of(paths) == noted[UUID] else None
        relation = self._relation(trial)
        for paths in self._since(trial):
            with suppress(RunError):
                provenance = read_record(paths.provenance)
                config = read_record(paths.config, unversioned=1)
                own = seed is None or config.get("seed") == seed
                sweep = provenance.get("sweep")
                of_trial = isinstance(sweep, Mapping) and relation.items() <= sweep.items()
                if of_trial and own and not never_began(paths):
                    return paths
        return None

    def _since(self, trial: OpenTrial) -> Iterator[RunPaths]:
        """Yield the runs that may be this trial's: claimed since it was taken, or so named."""
        named, since = trial.overrides.get("run"), trial.noted(WORKER, {}).get(SINCE, -1)
        for name in self._work_dir.names() if self._work_dir.path.exists() else ():
            if name == named or number_of(name) > since:
                yield self._work_dir.paths.run(name)

    def _outcome(self, paths: RunPaths) -> Outcome:
        """Return how a run has ended that no exception has."""
        state, reason = current_state(paths)
        if state not in CLEAN_END:
            return Outcome(TrialState.FAIL, error=f"{state}: {reason}")
        if reason.startswith(PRUNED_REASON):
            return Outcome(TrialState.PRUNED)
        value = _best(paths)
        if value is None or math.isnan(value):
            what = f"no evaluation gave a number for {self._sweep.record.metric}"
            return Outcome(TrialState.FAIL, error=what)
        return Outcome(TrialState.COMPLETE, value)

    def _failed(self, trial: OpenTrial, seed: int | None, error: Exception) -> Outcome:
        """Return the outcome of a run that an exception ended, which has a folder in any case."""
        text = "".join(traceback.format_exception(error))
        paths = self._found(trial, seed)
        if paths is None:
            self._record_failure(trial, seed, error)
        else:  # a kill may have come before that was noted
            trial.note_run(seed, run=paths.name, uuid=uuid_of(paths))
            text = _told(paths) if isinstance(error, RunError) else text
        if isinstance(error, NonFiniteError):
            return Outcome(TrialState.COMPLETE, worst(self._sweep.record.mode))
        return Outcome(TrialState.FAIL, error=text)

    def _record_failure(self, trial: OpenTrial, seed: int | None, error: Exception) -> None:
        """Make the run of a trial that failed before it had a folder."""
        try:
            resolved = self._resolved(trial, seed)
            writer = claim(resolved, self._titled(trial))
        except Exception as late:  # what failed is told all the same, with the trial
            LOGGER.warning("trial %d has no run: %s", trial.number, late)
            return
        fail(writer, resolved.config.logging_config.level, error)
        trial.note_run(seed, run=writer.paths.name, uuid=writer.uuid)


def _is_done(job: Job, paths: RunPaths | None) -> bool:
    """Tell whether nothing of a run is left to be trained."""
    return paths is not None and (VALUE in job.trial.run_of(job.seed) or _is_over(paths))


def _is_over(paths: RunPaths) -> bool:
    """Tell whether a run came to its end; one that failed goes on, and tells its error again."""
    return current_state(paths)[0] in CLEAN_END


def _told(paths: RunPaths) -> str:
    """Return what a run's log told last: it failed before it began, and cannot be resumed."""
    with suppress(OSError):
        _, begin, last = paths.log(0).read_text("utf-8").rpartition(_TRACEBACK)
        if begin:
            return begin + last
    return current_state(paths)[1]


def _is_of_the_disk(error: BaseException | None) -> bool:
    """Tell whether it is the disk that refused to be written: no trial is to blame for that."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return True
        error = error.__cause__
    return False


def _best(paths: RunPaths) -> float | None:
    value = read_record(paths.results).get("monitor", {}).get("value")
    return None if value is None else float(decode_number(value))
