"""Find the checkpoint from which a run goes on, and say where it stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from stride.data.batches.base import Batches
from stride.data.batches.replayed import ReplayedBatches
from stride.engine.checkpoint.checkpoint import newest_good
from stride.models.shards import is_sharded
from stride.runs.provenance.config_digest import known_configs
from stride.runs.records.checkpoint import CheckpointRecord
from stride.runs.run import Run
from stride.runs.streams import StreamPosition
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.run_start import Values
from stride.version import FORMAT_VERSION, Change, changes_between


@dataclass(frozen=True)
class RestorePoint:
    """Where a run goes on: at its newest good checkpoint, or at its start.

    Attributes:
        checkpoint: the record of the checkpoint, with its name; empty where there is none.
        seen: the checkpoints that were there when it was looked for.
        inside: whether the training loader can begin inside an epoch.
        skipped: in words, the checkpoints that will not do.
    """

    checkpoint: Values = field(default_factory=dict)
    seen: Sequence[str] = ()
    inside: bool = True
    skipped: Sequence[str] = ()

    @classmethod
    def find(cls, run: Run, assembly: Assembly) -> tuple[Self, Values]:
        """Return the point, and the state that was saved there: empty without a checkpoint.

        Every byte of the checkpoint is checked, and whether it is the run's.
        """
        batches, seen = assembly.loader("train"), run.paths.checkpoint_names()
        skipped: list[str] = []
        found = newest_good(
            run.paths,
            accept=_accepting(run, batches),
            divided=is_sharded(assembly.model.network),
            tell=skipped.append,
        )
        if found is None:
            return cls({}, seen, batches.seekable, skipped), {}
        name, record, saved = found
        return cls({"name": name, **record}, seen, batches.seekable, skipped), saved

    def changes(self) -> list[Change]:
        """Return how the format has changed since the checkpoint was written."""
        return changes_between(int(self.checkpoint.get("format_version", FORMAT_VERSION)))

    def position(self) -> StreamPosition:
        """Return where the streams of rows stood then."""
        record = self.checkpoint
        known = not record or "streams" in record
        return StreamPosition(record.get("step", 0), record.get("streams", {}), known)

    def messages(self) -> list[str]:
        """Say which checkpoint it is, and why newer ones will not do."""
        return [*self.skipped, *self._place()]

    def _place(self) -> list[str]:
        if not self.checkpoint:
            where = "" if self.inside else " between two epochs, where alone its loader can begin"
            return [f"no good checkpoint to resume from{where}: the run starts over"]
        step = self.checkpoint["step"]
        place = f"step {step} (epoch {self.checkpoint['epoch']})"
        lines = [f"resuming from {place}, checkpoint {self.checkpoint['name']}"]
        lines += [f"new in format {one.version}: {one.what}" for one in self.changes()]
        if not self.inside:
            lines.append(
                "the training loader begins only where an epoch does: "
                f"the steps after {step} are done again"
            )
        return lines


def _accepting(run: Run, batches: Batches) -> Callable[[Mapping[str, Any]], bool]:
    """Return what says by its record whether a checkpoint is the run's, and can be begun at."""
    uuid, configs = run.status.get("uuid"), known_configs(run.paths)

    def accept(record: Mapping[str, Any]) -> bool:
        CheckpointRecord.model_validate(record).require_of(uuid, configs)
        return record.get("position") == 0 or _goes_on_inside(batches, record)

    return accept


def _goes_on_inside(batches: Batches, record: Mapping[str, Any]) -> bool:
    """Tell whether an epoch can be resumed inside; older checkpoints lack what is drawn again."""
    if isinstance(batches, ReplayedBatches):
        return int(record.get("format_version", FORMAT_VERSION)) >= 3
    return batches.seekable
