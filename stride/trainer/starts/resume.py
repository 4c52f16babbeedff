"""Begin where a run was left: in the same folder, from its newest good checkpoint."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from os import PathLike
from typing import Any, Self

import torch

from stride.config import Overrides, Resolved
from stride.distributed import world_size
from stride.engine.checkpoint.fidelity import loader_doubts, parts_restored, surroundings_changed
from stride.engine.device import device_name
from stride.errors import RunError
from stride.runs.jobs import is_of_job, job, starts_again
from stride.runs.provenance.config_digest import require_known_config
from stride.runs.provenance.start_state import require_begun
from stride.runs.reproduction.facts import changes
from stride.runs.run import Run
from stride.runs.status import CLEAN_END, is_written, newest_segment
from stride.runs.streams import missing_bytes
from stride.runs.writer import RunWriter
from stride.trainer.fit.assembly import Assembly, KindOfTraining
from stride.trainer.fit.run_recorder import RunRecorder
from stride.trainer.fit.run_start import RunStart, Values, typed_overrides
from stride.trainer.fit.session import Session
from stride.trainer.starts.classes import changed_sources
from stride.trainer.starts.queued import QueuedRun, is_queued
from stride.trainer.starts.rebuild import kind_of_run, normalization_of, recorded
from stride.trainer.starts.requirements import (
    changed_keys,
    evaluation_draws_of,
    init_from,
    is_free,
    require_lasting_schedule,
    require_same_data,
    require_same_permutation,
    require_weights_of_checkpoint,
    require_whole_config,
    start_of,
    threads_of,
)
from stride.trainer.starts.restore_point import RestorePoint
from stride.visible import quoted


def _nothing() -> None:
    """Take over no checkpoints."""


@dataclass
class ResumedRun(RunStart):
    """Go on with a run that no process writes.

    Attributes:
        run: the run.
        segment: its newest segment when the run was looked at.
        state: its state then.
        take_over: whether the run is this process's by its launcher's word.
        point: where the run goes on; its start before `restore`.
    """

    name = "resume"

    run: Run
    segment: int | None
    state: str
    take_over: bool = field(default=False, kw_only=True)
    point: RestorePoint = field(default_factory=RestorePoint, init=False)
    exact: list[str] = field(default_factory=list, init=False)
    inexact: dict[str, str] = field(default_factory=dict, init=False)
    _adopt: Callable[[], None] = field(default_factory=lambda: _nothing, init=False)
    _other: list[str] = field(default_factory=list, init=False)

    @classmethod
    def of(
        cls, path: str | PathLike[str], *overrides: Overrides, take_over: bool = False
    ) -> Self | QueuedRun:
        """Look at a run that is to be resumed, or begun where it waits for that.

        Raises:
            RunError: there is no such run, a process writes it, or nothing is left to do.
            ConfigError: an override is wrong.
        """
        run = Run(path)
        segment = newest_segment(run.paths)  # before anything else is read
        # The launcher has ended the process that wrote before.
        take_over = take_over or (starts_again() and is_of_job(run.paths, job()))
        if not take_over and is_written(run.paths):
            hint = "stop it first"
            raise RunError("a process is writing this run", where=str(run.path), hint=hint)
        queued = is_queued(run)
        if not queued:
            require_begun(run.paths)
        require_whole_config(run)
        if queued:
            return QueuedRun.of(run, segment, *overrides, take_over=take_over)
        require_known_config(run.paths)
        resolved = recorded(run, *overrides, name=run.name)
        _require_place(run, resolved)
        require_weights_of_checkpoint(resolved)
        return cls(
            resolved,
            run,
            segment,
            str(run.status["state"]),
            take_over=take_over,
            normalization=normalization_of(run),
            threads=threads_of(run),
            evaluation_draws=evaluation_draws_of(run),
        )

    def check(self) -> None:
        """Refuse a run that ended, where nothing was changed to let it go on."""
        if self.state == "done" and not typed_overrides(self.resolved):
            raise self._nothing_left()

    def require(self, assembly: Assembly) -> None:
        """Refuse other data, or values on which the steps so far depend."""
        changed = changed_keys(self.run, assembly, typed_overrides(self.resolved))
        kind = assembly.kind
        wrong = [f"{key} {words}" for key, words in changed.items() if not is_free(key, kind)]
        if wrong:
            raise RunError(
                "the steps so far depend on what has changed: " + "; ".join(wrong),
                where=str(self.run.path),
                hint=f"leave it as it was, or type: stride fork {quoted(self.run.path)} KEY=VALUE",
            )
        require_same_data(self.run, assembly)
        require_same_permutation(self.run, assembly)
        require_lasting_schedule(self.run, assembly)

    def restore(self, session: Session) -> None:
        """Restore the newest good checkpoint; without one the training starts over."""
        self.point, self.saved = RestorePoint.find(self.run, session.assembly)
        if self.point.checkpoint:
            name = self.point.checkpoint["name"]
            self._adopt = partial(session.callbacks.checkpoints.adopt, self.run.paths, name)
            self._adopt()
        else:
            self._require_no_results()
            self.saved = start_of(self.run, session)
        if self.state in CLEAN_END and "stop" in self.saved:
            self.saved = {**self.saved, "stop": {"reason": "", "status": "done"}}
        self._foresee(session)
        if self.state in CLEAN_END and self._last_step() == self.point.checkpoint.get("step"):
            self.before = {
                k: self.run.status.get(k) for k in ("state", "reason", "metrics", "monitor")
            }
        # Where only an epoch can be begun, what is restored lies before the end that it came to.
        ended = self._limits_reached() and not session.assembly.kind.has_next_loop()
        if self.state == "done" and (ended or session.is_over()):
            raise self._nothing_left(session.stop.reason, session.assembly.kind)

    def _require_no_results(self) -> None:
        """Refuse to start a finished run over: its results would be lost."""
        if self.state in CLEAN_END:
            raise RunError(
                f"run {self.run.name} is {self.state}, and no good checkpoint of it is left",
                where=str(self.run.path),
                hint=f"type: stride verify {quoted(self.run.path)}; its weights may start a new "
                f"run: model_kwargs.init_from={quoted(self.run.path)}",
            )

    def _last_step(self) -> Any:
        return self.run.results.get("last", {}).get("step")

    def _foresee(self, session: Session) -> None:
        if not self.saved:
            return
        try:
            session.restore_counters(self.saved)
        except RuntimeError as error:
            raise RunError(
                "the checkpoint does not fit what the config builds now: "
                + " ".join(str(error).split()),
                where=str(self.run.path),
                hint="use the code of the run: `stride show` names its commit",
            ) from error
        now = {
            "world_size": world_size(),
            "devices": [device_name(session.assembly.device)] * world_size(),
            "threads": torch.get_num_threads(),
        }
        self.inexact |= surroundings_changed(self.point.checkpoint, now)
        for change in self.point.changes():
            if change.bits:
                name = f"format {change.version}"
                known = f"{self.inexact[name]}; " if name in self.inexact else ""
                self.inexact[name] = known + change.what
        lost = missing_bytes(self.run.paths, self.point.position())
        self.inexact |= {name: f"{count} bytes are lost" for name, count in lost.items()}

    def report(self, session: Session, run: RunRecorder) -> list[str]:
        """Compare the training with what was saved; write it into the record of the segment."""
        self.exact, inexact = parts_restored(session.state, self.saved)
        # Without a checkpoint, what is not in the saved state begins as in a new run.
        known = self.saved if not self.point.checkpoint else inexact
        self.inexact |= {name: what for name, what in inexact.items() if name in known}
        self.inexact |= loader_doubts(session.assembly.data)
        self.exact = [name for name in self.exact if name not in self.inexact]
        run.note_in_segment(fidelity=self._fidelity())
        restored = [f"restored bit by bit: {', '.join(self.exact)}"]
        return (restored if self.point.checkpoint else []) + self._words_of_fidelity()

    def _fidelity(self) -> Values:
        return {"exact": self.exact, "inexact": self.inexact}

    def _words_of_fidelity(self) -> list[str]:
        return [f"not exact: {name}: {what}" for name, what in self.inexact.items()]

    def take(self, config: Values, provenance: Values, patch: bytes) -> RunWriter:
        """Begin the run's next segment, and cut off the rows of steps that are done again."""
        typed = typed_overrides(self.resolved)
        self.inexact |= changed_sources(self.run.provenance, provenance)
        self._other = changes(self.run.provenance, provenance)
        writer = RunWriter.resume(
            self.run.paths.path,
            after=self.segment,
            take_over=self.take_over,
            position=self.point.position(),
            seen=self.point.seen,
            config=self._changed_config(config) if typed else None,
            from_step=self.point.checkpoint.get("step", 0),
            from_epoch=self.point.checkpoint.get("epoch", 0),
            checkpoint=self.point.checkpoint.get("name"),
            overrides=typed,
            fidelity=self._fidelity(),
            changed=self._other,
        )
        self._adopt()  # until now another process may have deleted some
        return writer

    def _changed_config(self, config: Values) -> Values:
        """Return the config that holds from now on, in the words of the run's place and start."""
        kept = {key: self.run.raw_config.get(key) for key in ("work_dir", "run")}
        model = {**config["model_kwargs"], "init_from": init_from(self.run)}
        return {**config, **kept, "model_kwargs": model}

    def messages(self) -> list[str]:
        """Say from where the run goes on."""
        again = [f"job {job()} was started again: going on with its run"] if self.take_over else []
        later = [] if self.saved else self._words_of_fidelity()  # else when it is put back
        other = [f"changed: {one}" for one in self._other]
        return again + self.point.messages() + later + other

    def _limits_reached(self) -> list[str]:
        """Return the limits, as they are now, which the run had reached when it ended."""
        last: Values = {}
        with suppress(RunError):  # it has none yet, or lost them
            last = self.run.results.get("last", {})
        limits = kind_of_run(self.run).limits(self.resolved.config)
        return limits.reached_at(last.get("step", 0), last.get("epoch", 0))

    def _nothing_left(self, reason: str = "", kind: KindOfTraining | None = None) -> RunError:
        longer = [f"training_config.{k}" for k in self._limits_reached() or ["max_epochs"]]
        longer = [f"{key}=N" for key in longer if kind is None or is_free(key, kind)]
        command = f"stride resume {quoted(self.run.path)} {' '.join(longer)}"
        return RunError(
            f"run {self.run.name} is done{f' ({reason})' if reason else ''}: nothing is left to do",
            where=str(self.run.path),
            hint=f"to train on, type: {command}" if longer else "start a new one",
        )


def _require_place(run: Run, resolved: Resolved) -> None:
    """Refuse overrides that would have the run go on in another place."""
    config = resolved.config
    if (config.work_dir, config.run) != (str(run.path.parent), run.name):
        raise RunError(
            "a run is resumed in its own folder, and work_dir or run names another",
            where=str(run.path),
            hint="leave them out; a run folder may be moved as it is",
        )
