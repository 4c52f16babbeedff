"""Begin a new run with the state of another run's checkpoint."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Self

from stride.config import Overrides, Resolved
from stride.engine.checkpoint.checkpoint import read_state
from stride.engine.checkpoint.fidelity import parts_restored
from stride.engine.checkpoint.named import find_checkpoint
from stride.engine.optim.optimizers import part_name
from stride.errors import RunError
from stride.log import LOGGER
from stride.runs.files.atomic import read_record
from stride.runs.layout import CheckpointPaths
from stride.runs.provenance.config_digest import is_edited
from stride.runs.records.status import StatusRecord
from stride.runs.run import Run
from stride.runs.writer import RunWriter
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.run_recorder import RunRecorder
from stride.trainer.fit.run_start import NewRun, Values, typed_overrides
from stride.trainer.fit.session import Session
from stride.trainer.starts.classes import changed_sources
from stride.trainer.starts.rebuild import normalization_of, recorded
from stride.trainer.starts.requirements import (
    FREE,
    changed_keys,
    evaluation_draws_of,
    permutation_of,
    require_weights_of_checkpoint,
)

# What was judged by values that those of the new run cannot be compared with.
_JUDGED = (
    "callback-BestWeights",
    "callback-EarlyStopping",
    "callback-Checkpoints",
    "metrics",
    "latest",
)

_LOSSES = ("callback-LossForecast", "callback-OverfittingAlarm")

# The parts that start over, by the beginning of a key that differs from the parent's.
_ANEW = {
    "optimizer_kwargs.optimizer_name": ("optimizer", "schedule"),
    "optimizer_kwargs.groups": ("optimizer", "schedule"),  # by which its parameters are ordered
    "optimizer_kwargs.": ("schedule",),
    "scheduler_kwargs.": ("schedule",),
    "model_kwargs.freeze": ("optimizer", "schedule", "modules"),
    "frozen.": ("tally", *_JUDGED, *_LOSSES),
    "dataset_kwargs.": ("tally", "batches", *_JUDGED, *_LOSSES),
    "load_data_kwargs.": ("tally", "batches"),
    "rl_config.": ("tally", "batches", *_JUDGED, *_LOSSES),
    "seed": ("tally", "batches", "random"),
    "criterion_kwargs.": ("tally", *_JUDGED, *_LOSSES),
    "average_config.": ("callback-WeightAverage", *_JUDGED, *_LOSSES),
    "training_config.with_validation": (*_JUDGED, *_LOSSES),
    "training_config.saving": ("callback-BestWeights",),
    "training_config.save_best": ("callback-BestWeights",),
    "training_config.stopping": _JUDGED,
    "training_config.mode": _JUDGED,
    "training_config.precision": ("precision",),
}
# Free on resuming, which goes on from the end of an epoch then; a fork begins anywhere.
_BUFFER = "rl_config.save_buffer"
_NEVER_TAKEN = ("stop", "clock")


@dataclass
class ForkedRun(NewRun):
    """Begin a new run with the weights, optimiser and counters of a checkpoint.

    What the overrides make meaningless starts over: the schedule where learning rates differ, the
    epoch where the data differs, the best value where another metric decides.

    Attributes:
        run: the run that the checkpoint is in.
        checkpoint: its folder.
        changed: the keys that differ from that run, with both values.
        anew: the parts of the state that are not taken over.
    """

    name = "fork"

    run: Run = field(kw_only=True)
    checkpoint: Path = field(kw_only=True)
    record: Values = field(default_factory=dict, init=False)
    changed: dict[str, str] = field(default_factory=dict, init=False)
    anew: set[str] = field(default_factory=set, init=False)

    @classmethod
    def of(
        cls,
        path: str | PathLike[str],
        at: str | int,
        *overrides: Overrides,
        run: str | None = None,
    ) -> Self:
        """Look at a run of which a new one is to begin.

        Args:
            path: the folder of the older run.
            at: `best`, `last`, a checkpoint's name, or the number of its step.
            overrides: on top of the older run's config.
            run: a name for the new run, None for the next number.

        Raises:
            RunError: there is no such run or checkpoint.
            ConfigError: an override is wrong.
        """
        parent = Run(path)
        folder = find_checkpoint(parent, str(at))
        return cls._of(parent, recorded(parent, *overrides, name=run), folder)

    @classmethod
    def from_checkpoint(cls, resolved: Resolved, folder: Path) -> Self:
        """Begin a run of this config with a checkpoint of any run.

        Raises:
            RunError: the folder is not a checkpoint of a run.
        """
        if not CheckpointPaths(folder).record.is_file():
            raise RunError("no checkpoint here", where=str(folder))
        run = Run(folder.parent.parent if len(folder.parts) > 2 else folder.absolute().parents[1])
        return cls._of(run, resolved, folder)

    @classmethod
    def _of(cls, run: Run, resolved: Resolved, folder: Path) -> Self:
        require_weights_of_checkpoint(resolved)
        found = folder.absolute()
        return cls(
            resolved,
            run=run,
            checkpoint=found,
            normalization=normalization_of(run),
            evaluation_draws=evaluation_draws_of(run),
        )

    def check(self) -> None:
        """Refuse a name that is taken."""
        try:
            super().check()
        except RunError as error:  # there is no --force for a fork
            raise RunError(error.what, where=error.where, hint="choose another run=NAME") from None

    def require(self, assembly: Assembly) -> None:
        """Find out what differs from the older run."""
        self.changed = changed_keys(self.run, assembly, typed_overrides(self.resolved))
        before = self.run.provenance.get("data_fingerprint")
        if before != assembly.data.fingerprint:
            self.changed["dataset_kwargs.(data)"] = "the data itself has changed"
        if assembly.data.permutation not in ("", permutation_of(self.run)):
            self.changed["dataset_kwargs.(permutation)"] = "samples are divided and ordered anew"

    def restore(self, session: Session) -> None:
        """Restore the checkpoint's state, except for what has to start over."""
        self.record = read_record(CheckpointPaths(self.checkpoint).record)
        saved = dict(read_state(self.checkpoint))
        self.anew = {
            name
            for key in self.changed
            if key == _BUFFER or not key.startswith(FREE)
            for part in _parts_anew(key)
            for name in saved
            if name == part or name.startswith(f"{part}-")  # of each of several optimisers
        }
        if "tally" in self.anew:
            saved["counters"] = {**saved["counters"], "position": 0}
        self.saved = {k: v for k, v in saved.items() if k not in self.anew | {*_NEVER_TAKEN}}
        try:
            session.restore_counters(self.saved)
        except RuntimeError as error:
            raise RunError(
                "the checkpoint does not fit this config: " + " ".join(str(error).split()),
                where=str(self.checkpoint),
                hint="leave model_kwargs as they were",
            ) from error
        if session.is_over():
            raise RunError(
                f"nothing is left to train after step {session.state.step}",
                where=str(self.checkpoint),
                hint="type: training_config.max_epochs=N, or max_steps=N, to train on",
            )
        for name, optimizer in session.optimizers.items():
            part, schedule = part_name("optimizer", name), part_name("schedule", name)
            if schedule in self.anew and part in self.saved:
                own = optimizer.state_dict()["param_groups"]
                self.saved[part] = {**self.saved[part], "param_groups": own}

    def take(self, config: Values, provenance: Values, patch: bytes) -> RunWriter:
        """Claim the new run, and see which classes have another source than in the older."""
        self.changed |= changed_sources(self.run.provenance, provenance)
        return super().take(config, provenance, patch)

    def report(self, session: Session, run: RunRecorder) -> list[str]:
        """Say what is not the older run's."""
        if is_edited(self.run.paths):
            what = "%s was changed since the run wrote it: this fork has its values of now"
            LOGGER.warning(what, self.run.paths.config)
        _, inexact = parts_restored(session.state, self.saved)
        anew = self.anew | (inexact.keys() - {*_NEVER_TAKEN})
        return [f"starts over: {', '.join(sorted(anew))}"] if anew else []

    def lineage(self) -> Values:
        """Return the run and checkpoint that this run comes from."""
        return {
            "uuid": StatusRecord.read(self.run.paths.status).uuid,
            "run": str(self.run.paths.path),
            "relation": "fork",
            "checkpoint": self.checkpoint.name,
            "step": self.record["step"],
        }

    def messages(self) -> list[str]:
        """Say what the run begins from."""
        place = f"step {self.record['step']} (epoch {self.record['epoch']})"
        lines = [f"forked from {self.run.path}, {self.checkpoint.name}: {place}"]
        lines += [f"changed: {key} {words}" for key, words in self.changed.items()]
        return lines


def _parts_anew(key: str) -> Iterator[str]:
    """Yield the parts of the state that start over where a key differs from the parent's."""
    section, _, rest = key.partition(".")
    name, _, inner = rest.partition(".") if section == "optimizers" else ("", "", "")
    if name:  # as those of a single one, in parts of its own
        inner = "groups" if inner.startswith("match") else inner
        key = inner if inner.startswith("scheduler_kwargs.") else f"optimizer_kwargs.{inner}"
    for prefix, parts in _ANEW.items():
        if key.startswith(prefix):
            yield from (part_name(part, name) for part in parts)
