"""Train the runs of a trial, each an ordinary run of the work_dir, and say how they ended."""

import math
import traceback
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from optuna.trial import TrialState

from stride.config import Resolved
from stride.errors import NonFiniteError, RunError
from stride.log import LOGGER
from stride.loggers.text import TextLog
from stride.runs.files.atomic import read_record
from stride.runs.layout import RunPaths
from stride.runs.provenance.collect import Survey, collect
from stride.runs.provenance.start_state import never_began
from stride.runs.run_names import number_of
from stride.runs.status import current_state
from stride.runs.work_dir import WorkDir
from stride.runs.writer import RunWriter
from stride.sweeps.sweep import Sweep
from stride.sweeps.trials.seeds import seeds_of
from stride.sweeps.trials.trial import RUN, SINCE, UUID, VALUE, WORKER, OpenTrial, Outcome, worst
from stride.sweeps.trials.watch import PRUNED_REASON, TrialWatch
from stride.trainer.fit.run_recorder import outcome as ending
from stride.trainer.fit.run_start import NewRun, RunStart, typed_overrides
from stride.trainer.starts.resume import ResumedRun
from stride.trainer.trainer import Trainer


class TrialRuns:
    """Train one run of a trial after the other.

    Args:
        sweep: of the trials.
        trainer: trains them all.
    """

    def __init__(self, sweep: Sweep, trainer: Trainer) -> None:
        self._sweep, self._trainer = sweep, trainer
        self._work_dir = WorkDir(sweep.work_dir)

    def train(self, trial: OpenTrial, seed: int | None, *, pruning: bool) -> Outcome:
        """Train the run of a seed to its end, or find that it has come to its end.

        Args:
            trial: whose run it is.
            seed: of the run, None for that of the config.
            pruning: whether its evaluations are reported.

        Raises:
            Interrupted: a signal ended the run, with a checkpoint behind it.
        """
        try:
            paths = self._found(trial, seed)
            done = None if paths is None else self._ended(paths)
            if done is None:
                self._fit(trial, seed, paths, pruning=pruning)
                done = self._ended(self._trainer.run.paths)
        except KeyboardInterrupt:
            raise
        except Exception as error:
            done = self._failed(trial, seed, error)
        assert done is not None
        if done.value is not None:
            trial.note_run(seed, **{VALUE: done.value})
        return done

    def _fit(
        self, trial: OpenTrial, seed: int | None, paths: RunPaths | None, *, pruning: bool
    ) -> None:
        trainer = self._trainer
        start: RunStart = self._new(trial, seed) if paths is None else ResumedRun.of(paths.path)
        config = start.resolved.config.training_config
        watch = TrialWatch(
            trial,
            seed,
            self._sweep.record.metric if pruning else "",
            by_step=config.evaluate_every_steps is not None,
            state=lambda: trainer.state,
        )
        start.callbacks.append(watch)
        trainer.fit_from(start)

    def _new(self, trial: OpenTrial, seed: int | None) -> NewRun:
        return NewRun(self._resolved(trial, seed), trial=self._relation(trial))

    def _resolved(self, trial: OpenTrial, seed: int | None) -> Resolved:
        first = self._sweep.base.config.seed
        own: dict[str, Any] = {} if seed in (None, first) else {"seed": seed}
        if seed != seeds_of(self._sweep.spec, trial.overrides, first)[0]:
            own["run"] = None  # a name is that of the first run; the others have numbers
        return self._sweep.base.override({**trial.overrides, **own})

    def _relation(self, trial: OpenTrial) -> dict[str, Any]:
        record = self._sweep.record
        return {
            "name": record.name,
            "uuid": record.uuid,
            "study": record.study,
            "trial": trial.number,
        }

    def _found(self, trial: OpenTrial, seed: int | None) -> RunPaths | None:
        """Return the run of a seed; also one that was claimed and not noted any more."""
        noted = trial.run_of(seed)
        if noted:
            paths = self._work_dir.paths.run(noted[RUN])
            return paths if _uuid(paths) == noted[UUID] else None
        relation = self._relation(trial)
        for paths in self._since(trial):
            with suppress(RunError):
                seeds = read_record(paths.provenance)
                config = read_record(paths.config, unversioned=1)
                own = seed is None or config.get("seed") == seed
                if seeds.get("sweep") == relation and own and not never_began(paths):
                    return paths
        return None

    def _since(self, trial: OpenTrial) -> Iterator[RunPaths]:
        """Yield the runs that may be this trial's: claimed since it was taken, or so named."""
        named, since = trial.overrides.get("run"), trial.noted(WORKER, {}).get(SINCE, -1)
        for name in self._work_dir.names() if self._work_dir.path.exists() else ():
            if name == named or number_of(name) > since:
                yield self._work_dir.paths.run(name)

    def _ended(self, paths: RunPaths) -> Outcome | None:
        """Return how a run has ended; None where it has not."""
        state, reason = current_state(paths)
        if state == "failed":
            return self._outcome_of_failed(paths, reason)
        if state != "done":
            return None
        if reason.startswith(PRUNED_REASON):
            return Outcome(TrialState.PRUNED)
        value = _best(paths)
        if value is None or math.isnan(value):
            what = f"no evaluation gave a number for {self._sweep.record.metric}"
            return Outcome(TrialState.FAIL, error=what)
        return Outcome(TrialState.COMPLETE, value)

    def _outcome_of_failed(self, paths: RunPaths, reason: str) -> Outcome:
        if reason.startswith("nonfinite"):
            return Outcome(TrialState.COMPLETE, worst(self._sweep.record.mode))
        return Outcome(TrialState.FAIL, error=reason)

    def _failed(self, trial: OpenTrial, seed: int | None, error: Exception) -> Outcome:
        """Return the outcome of a run that an exception ended, which has a folder in any case."""
        text = "".join(traceback.format_exception(error))
        paths = self._found(trial, seed)
        if paths is None:
            self._record_failure(trial, seed, error)
        if isinstance(error, NonFiniteError):
            return Outcome(TrialState.COMPLETE, worst(self._sweep.record.mode))
        return Outcome(TrialState.FAIL, error=text)

    def _record_failure(self, trial: OpenTrial, seed: int | None, error: Exception) -> None:
        """Make the run of a trial that failed before it had a folder."""
        try:
            resolved = self._resolved(trial, seed)
            with Survey(resolved.folder, exclude=[resolved.work_dir]) as survey:
                found = survey.result()
            provenance = collect(
                found,
                overrides=typed_overrides(resolved),
                origins=resolved.origins,
                seeds={"seed": resolved.config.seed},
                devices=[],
            )
            writer = RunWriter.start(
                resolved.work_dir,
                resolved.config.run,
                config=resolved.config.to_json(),
                provenance={**provenance, "sweep": self._relation(trial)},
                patch=found.patch,
            )
        except Exception as late:  # what failed is told all the same, with the trial
            LOGGER.warning("trial %d has no run: %s", trial.number, late)
            return
        try:
            with suppress(type(error)), TextLog(resolved.config.logging_config.level) as log:
                log.open(writer.paths.log(0))
                raise error
        finally:
            writer.close(*ending(error))
        trial.note_run(seed, run=writer.paths.name, uuid=writer.uuid)


def _uuid(paths: RunPaths) -> Any:
    with suppress(RunError):
        return read_record(paths.status).get("uuid")
    return None


def _best(paths: RunPaths) -> float | None:
    from stride.config.nonfinite import decode_number

    value = read_record(paths.results).get("monitor", {}).get("value")
    return None if value is None else float(decode_number(value))
