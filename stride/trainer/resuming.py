"""Begin where a run was left: in the same folder, from its newest good checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Self

import torch

from stride.config import Overrides
from stride.config.fields import flatten
from stride.distributed import world_size
from stride.engine.checkpoint import newest_good, read_state
from stride.engine.device import device_name
from stride.engine.fidelity import parts_restored, surroundings_changed
from stride.errors import RunError
from stride.models.initial import load_initial
from stride.models.shards import is_divided
from stride.runs.jobs import is_of_job, job, starts_again
from stride.runs.layout import FORMAT_VERSION
from stride.runs.run import Run
from stride.runs.status import is_written, newest_segment
from stride.runs.streams import StreamPosition, missing_bytes
from stride.runs.writer import RunWriter
from stride.trainer.assembly import Assembly, lengths, values_of
from stride.trainer.beginning import Beginning, Values, typed_overrides
from stride.trainer.queued import Queued, is_queued
from stride.trainer.rebuild import normalization_of, recorded
from stride.trainer.training import Training

FREE = (
    "training_config.max_epochs",
    "training_config.max_steps",
    "training_config.early_stopping",
    "training_config.patience",
    "training_config.log_interval",
    "dataset_kwargs.path",  # the data's fingerprint is compared, not its place
    "dataset_kwargs.root",
    "load_data_kwargs.num_workers",
    "load_data_kwargs.prefetch_factor",
    "load_data_kwargs.persistent_workers",
    "load_data_kwargs.pin_memory",
    "checkpoint_config.",
    "logging_config.",
    "distributed_config.",
)
"""Keys that may change on resuming: nothing that was computed so far depends on them."""

PLACE = ("work_dir", "run", "model_kwargs.init_from")  # of the run, and of weights it has by now
ENDED = ("done", "stopped")


@dataclass
class Resumed(Beginning):
    """Go on with a run that no process writes.

    Attributes:
        run: the run.
        segment: its newest segment when the run was looked at.
        state: its state then.
        take_over: whether the run is this process's by its launcher's word.
        checkpoint: the record of the checkpoint that is restored, with its name; empty before
            `restore`, and where there is none.
    """

    run: Run
    segment: int | None
    state: str
    take_over: bool = field(default=False, kw_only=True)
    checkpoint: Values = field(default_factory=dict, init=False)
    exact: list[str] = field(default_factory=list, init=False)
    inexact: dict[str, str] = field(default_factory=dict, init=False)
    _inside: bool = field(default=True, init=False)

    @classmethod
    def of(
        cls, path: str | PathLike[str], *overrides: Overrides, take_over: bool = False
    ) -> Self | Queued:
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
        if is_queued(run):
            return Queued.of(run, segment, *overrides, take_over=take_over)
        return cls(
            recorded(run, *overrides, name=run.name),
            run,
            segment,
            str(run.status["state"]),
            take_over=take_over,
            normalization=normalization_of(run),
            threads=run.provenance.get("threads", {}).get("torch"),
        )

    def check(self) -> None:
        """Refuse a run that ended, where nothing was changed to let it go on."""
        if self.state == "done" and not typed_overrides(self.resolved):
            raise self._nothing_left()

    def require(self, assembly: Assembly) -> None:
        """Refuse other data, or values on which the steps so far depend."""
        changed = changed_keys(self.run, assembly, typed_overrides(self.resolved))
        wrong = [f"{key} {words}" for key, words in changed.items() if not key.startswith(FREE)]
        if wrong:
            raise RunError(
                "the steps so far depend on what is other now: " + "; ".join(wrong),
                where=str(self.run.path),
                hint=f"leave it as it was, or type: stride fork {self.run.path} --config ...",
            )
        require_same_data(self.run, assembly)
        require_lasting_schedule(self.run, assembly)

    def restore(self, training: Training) -> None:
        """Restore the newest good checkpoint; without one the training begins anew."""
        loader, parts = training.assembly.loader("train"), training.state.parts
        self._inside = loader.seekable or "batches" in parts
        accept = None if self._inside else _at_border
        divided = is_divided(training.assembly.model.network)
        found = newest_good(self.run.paths, accept=accept, divided=divided)
        if found is not None:
            name, record, self.saved = found
            self.checkpoint = {"name": name, **record}
            training.watch.checkpoints.adopt(self.run.paths, name)
        else:
            self.saved = start_of(self.run, training)
        if self.state in ENDED and "stop" in self.saved:
            self.saved = {**self.saved, "stop": {"reason": "", "status": "done"}}
        self._put_back(training)
        if self.state == "done" and training.is_over():
            raise self._nothing_left(training.stop.reason)

    def _put_back(self, training: Training) -> None:
        if not self.saved:
            return
        training.enter(self.saved)
        self.exact, self.inexact = parts_restored(training.state, self.saved)
        now = {
            "world_size": world_size(),
            "devices": [device_name(training.assembly.device)] * world_size(),
            "threads": torch.get_num_threads(),
        }
        self.inexact |= surroundings_changed(self.checkpoint, now)
        lost = missing_bytes(self.run.paths, self._position())
        self.inexact |= {name: f"{count} bytes are lost" for name, count in lost.items()}

    def take(self, config: Values, provenance: Values, patch: bytes) -> RunWriter:
        """Begin the run's next segment, and cut off the rows of steps that are done again."""
        typed = typed_overrides(self.resolved)
        self.inexact |= changed_sources(self.run.provenance, provenance)
        writer = RunWriter.resume(
            self.run.path,
            after=self.segment,
            take_over=self.take_over,
            position=self._position(),
            from_step=self.checkpoint.get("step", 0),
            from_epoch=self.checkpoint.get("epoch", 0),
            checkpoint=self.checkpoint.get("name"),
            overrides=typed,
            fidelity={"exact": self.exact, "inexact": self.inexact},
        )
        if typed:
            kept = {key: self.run.raw_config.get(key) for key in ("work_dir", "run")}
            model = {**config["model_kwargs"], "init_from": _init_from(self.run)}
            values = {**config, **kept, "model_kwargs": model}
            writer.commit(writer.paths.config, {"format_version": FORMAT_VERSION, **values})
        return writer

    def _position(self) -> StreamPosition:
        record = self.checkpoint
        known = not record or "streams" in record
        return StreamPosition(record.get("step", 0), record.get("streams", {}), known)

    def words(self) -> list[str]:
        """Say from where the run goes on, and how exactly it was restored."""
        again = [f"job {job()} was started again: going on with its run"] if self.take_over else []
        return again + self._words_of_place()

    def _words_of_place(self) -> list[str]:
        if not self.checkpoint:
            return ["no checkpoint to resume from: the run begins anew"]
        place = f"step {self.checkpoint['step']} (epoch {self.checkpoint['epoch']})"
        lines = [
            f"resuming from {place}, checkpoint {self.checkpoint['name']}",
            f"restored bit by bit: {', '.join(self.exact)}",
        ]
        if not self._inside:
            step = self.checkpoint["step"]
            lines.append(
                "the training loader begins only where an epoch does: "
                f"the steps after {step} are done again"
            )
        return lines + [f"not exact: {name}: {what}" for name, what in self.inexact.items()]

    def _nothing_left(self, reason: str = "") -> RunError:
        limit = (
            "max_epochs" if self.resolved.config.training_config.max_steps is None else "max_steps"
        )
        return RunError(
            f"run {self.run.name} is done{f' ({reason})' if reason else ''}: nothing is left to do",
            where=str(self.run.path),
            hint=f"to train on, type: stride resume {self.run.path} "
            f"--config training_config.{limit}=N",
        )


def start_of(run: Run, training: Training) -> Values:
    """Return the state that a run began with; load its start weights, where it has any.

    Raises:
        RunError: the run was ended before it had written what it began from, which was more than
            its config.
    """
    if run.paths.origin.record.is_file():
        return read_state(run.paths.origin.path)
    if run.provenance.get("parent", {}).get("relation") == "fork":
        raise _lost_start(run, f"fork again: stride fork {run.provenance['parent']['run']}")
    if run.paths.initial_weights.is_file():
        load_initial(training.assembly.model.network, run.paths.initial_weights)
    elif _init_from(run) is not None:
        raise _lost_start(run, "start it again")
    return {}


def _lost_start(run: Run, hint: str) -> RunError:
    what = "this run was ended before it had written what it began from"
    return RunError(what, where=str(run.path), hint=hint)


def _at_border(record: Mapping[str, Any]) -> bool:
    return record.get("position") == 0


def _init_from(run: Run) -> Any:
    return run.raw_config.get("model_kwargs", {}).get("init_from")


def changed_keys(run: Run, assembly: Assembly, typed: list[str]) -> dict[str, str]:
    """Return the keys whose value is other than in the run, with both values.

    A key that the run does not have, as an argument that a newer torch has, counts where it was
    typed.
    """
    before = dict(flatten(run.config.to_json()))
    keys = {text.partition("=")[0] for text in typed}
    return {
        key: f"was {before.get(key)!r} and is {value!r}"
        for key, value in flatten(assembly.config.to_json())
        if key not in PLACE and (key in before or key in keys) and before.get(key) != value
    }


def changed_sources(before: Values, now: Values) -> dict[str, str]:
    """Return the classes whose source text is other than it was."""
    then, present = before.get("sources", {}), now.get("sources", {})
    return {
        use: "the source of its class has changed"
        for use in present
        if use in then and then[use] != present[use]
    }


def require_same_data(run: Run, assembly: Assembly) -> None:
    """Refuse data whose fingerprint is not that of the run.

    Raises:
        RunError: it is not.
    """
    before = run.provenance.get("data_fingerprint")
    if before and before != assembly.data.fingerprint:
        raise RunError(
            "the data has changed since the run began: its fingerprint is "
            f"{assembly.data.fingerprint}, and was {before}",
            where=str(run.path),
            hint=f"bring the data back, or type: stride fork {run.path}",
        )


def require_lasting_schedule(run: Run, assembly: Assembly) -> None:
    """Refuse to train beyond the end of a schedule that knows how long it is, as OneCycleLR.

    Raises:
        RunError: the training is longer.
    """
    section = values_of(assembly.config.scheduler_kwargs)
    per_epoch, cycles = section.get("steps_per_epoch"), section.get("epochs")
    total = section.get("total_steps") or (per_epoch and cycles and per_epoch * cycles)
    epochs, steps = lengths(assembly.config, assembly.data)
    length = steps if section["interval"] == "step" else epochs
    if total and length and length > total:
        raise RunError(
            f"{section['scheduler_name']} ends after {total} {section['interval']}s, "
            f"and the training would have {length}",
            where=str(run.path),
            hint=f"type: stride fork {run.path} --at last "
            f"--config scheduler_kwargs.total_steps={length} --config ...",
        )
