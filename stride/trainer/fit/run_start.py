"""Say where a training starts: new, from a checkpoint of another run, or where a run was left."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import torch

from stride.callbacks.base import Callback
from stride.config import Resolved
from stride.config.secrets import mask
from stride.config.values import flatten
from stride.data.normalize import Normalization
from stride.engine.checkpoint.checkpoint import take_apart, write_state
from stride.engine.random import OWN
from stride.runs.jobs import has_unnamed_group
from stride.runs.provenance.setups import remember, same_setup, setup_digest
from stride.runs.work_dir import WorkDir
from stride.runs.writer import RunWriter
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.run_recorder import RunRecorder
from stride.trainer.fit.session import Session

Values = Mapping[str, Any]

UNNAMED = (
    "if torchrun starts these processes again, they begin a new run; "
    "for them to go on with this one, type: torchrun --rdzv-id=NAME ..."
)


@dataclass
class RunStart(ABC):
    """Say what a training starts from, and take the run that it is to write.

    Attributes:
        name: of this way to begin, which all processes have to take.
        resolved: the config to build data and model from.
        normalization: statistics to apply again; None: those of the training split.
        threads: how many torch is to use, None for as many as it has: they change bits.
        evaluation_draws: from what evaluations draw: `own` streams, or "" for that of the steps.
        trial: of which sweep and trial the run is; empty where it is of none.
        saved: the state to begin with; empty for that of a training which has done nothing.
        callbacks: called after all others.
        before: how the run had ended, and ends again where the state cannot be put back.
        same: an earlier run with the same config, code and data, and its state.
    """

    name: ClassVar[str]

    resolved: Resolved
    normalization: Normalization | None = field(default=None, kw_only=True)
    threads: int | None = field(default=None, kw_only=True)
    evaluation_draws: str = field(default=OWN, kw_only=True)
    trial: Values = field(default_factory=dict, kw_only=True)
    saved: Values = field(default_factory=dict, init=False)
    callbacks: list[Callback] = field(default_factory=list, init=False)
    before: Values = field(default_factory=dict, init=False)
    same: tuple[Path, str] | None = field(default=None, init=False)

    @property
    def checkpoints(self) -> Path:
        """Return where checkpoints are to be, as far as that is known before there is a run."""
        name = self.resolved.config.run or ""
        return WorkDir(self.resolved.work_dir).paths.run(name).checkpoints

    @abstractmethod
    def check(self) -> None:
        """Refuse, before anything is built, what could not be claimed later.

        Raises:
            RunError: the name is taken, or a process writes the run.
        """

    def require(self, assembly: Assembly) -> None:  # noqa: B027
        """Refuse data or a config that do not go with what the training begins from.

        Raises:
            RunError: says what differs.
        """

    def restore(self, session: Session) -> None:  # noqa: B027
        """Find out where the training begins; nothing of the user's is changed yet.

        Raises:
            RunError: nothing is left to train, or the saved state does not fit.
        """

    def restore_state(self, session: Session) -> None:
        """Put the saved state back, once the hooks that prepare a training have run."""
        session.restore_state(self.saved)

    def report(self, session: Session, run: RunRecorder) -> list[str]:
        """Write down how exactly the state was put back; return what a person should read of it."""
        return []

    def keeps_start(self, assembly: Assembly) -> bool:
        """Tell whether the run has to keep its start weights: its config cannot build them."""
        return assembly.has_own_weights and not self.saved

    def lineage(self) -> Values | None:
        """Return from which run this one comes, None where it comes from none."""
        return None

    @abstractmethod
    def take(self, config: Values, provenance: Values, patch: bytes) -> RunWriter:
        """Take the run, for this process alone.

        Raises:
            RunError: another process has it, or the work_dir cannot be written.
        """

    def messages(self) -> list[str]:
        """Return what a person should read before the training goes on."""
        return []

    def note_same(self, config: Values, provenance: Values, writer: RunWriter) -> None:
        """Find an earlier run that began with the same, and let later ones find this one.

        Only for a training that begins with nothing but its config.
        """
        digest = setup_digest(config, provenance)
        if digest is not None and not self.saved and self.lineage() is None:
            place = writer.paths.path
            self.same = same_setup(place.parent, digest, but=writer.uuid)
            remember(place.parent, digest, place.name, writer.uuid)

    def given_in(self, folder: str) -> None:
        """Take the relative paths of the config from this folder: that of who begins."""
        self.resolved = replace(self.resolved, folder=folder)

    @contextmanager
    def with_threads(self) -> Iterator[None]:
        """Let torch use as many threads as the training began with, until the block ends."""
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads or before)
        try:
            yield
        finally:
            torch.set_num_threads(before)


@dataclass
class NewRun(RunStart):
    """Begin a new run from the start weights of the config.

    Attributes:
        force: whether an existing run of the config's name is replaced.
    """

    name = "new"

    force: bool = False

    def check(self) -> None:
        """Refuse a name that is taken."""
        name = self.resolved.config.run
        WorkDir(self.resolved.work_dir).check_name(name, force=self.force)

    def take(self, config: Values, provenance: Values, patch: bytes) -> RunWriter:
        """Claim the next run, or that of the config's name; keep in it the state it begins with."""
        writer = RunWriter.start(
            self.resolved.work_dir,
            self.resolved.config.run,
            force=self.force,
            config=config,
            provenance=provenance,
            patch=patch,
        )
        if self.saved:
            self._keep_origin(writer)
        return writer

    def _keep_origin(self, writer: RunWriter) -> None:
        try:
            with writer.commit_folder(writer.paths.origin.path) as folder:
                write_state(folder, take_apart(self.saved), **writer.identity)
        except BaseException as error:
            writer.close("failed", f"{type(error).__name__}: {error}")
            raise

    def messages(self) -> list[str]:
        """Say how restarted processes would find this run, where they could not."""
        return [UNNAMED] if has_unnamed_group() else []


def typed_overrides(resolved: Resolved) -> list[str]:
    """Return the overrides as `key=value` texts, as typed and in the order of typing.

    Those of a sweep and its trial are typed too, if not for this run alone. They are for the
    records: values of secret keys are masked.
    """
    typed: dict[str, str] = {}
    for layer in resolved.layers:
        if layer.name in ("override", "sweep", "trial"):
            typed |= {key: f"{key}={_text(value)}" for key, value in flatten(layer.values)}
    return [mask(text) for key, text in typed.items() if key not in ("work_dir", "run")]


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
