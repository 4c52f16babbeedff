"""Find the checkpoints of a run that wait to be evaluated."""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from stride.errors import RunError
from stride.runs.evaluations.read import subject
from stride.runs.layout import RunPaths, is_of_part
from stride.runs.provenance.config_digest import known_configs
from stride.runs.records.checkpoint import CheckpointRecord
from stride.runs.status import uuid_of

Stamp = tuple[str, int, int]


class Waiting(NamedTuple):
    """A checkpoint that waits.

    Attributes:
        name: of its folder.
        record: what is known of it.
        model_sha256: digest of the weights that it has.
    """

    name: str
    record: CheckpointRecord
    model_sha256: str


class WaitingCheckpoints:
    """The checkpoints of a run that have no row yet, and are there.

    Args:
        paths: of the run.
        asked: what is asked of each, as its row has it.
        rows: what there is of rows.
        tell: is given a line for each that goes, or cannot be read, before it has a row.

    Attributes:
        num_skipped: how many these were.
    """

    def __init__(
        self,
        paths: RunPaths,
        asked: Mapping[str, Any],
        rows: Iterable[Mapping[str, Any]],
        tell: Callable[[str], object],
    ) -> None:
        self._paths, self._asked, self._tell = paths, asked, tell
        self._done = {(subject(row), str(row.get("model_sha256"))) for row in rows}
        self._looked: dict[Stamp, Waiting | None] = {}
        self._waiting: dict[str, Stamp] = {}
        self.num_skipped = 0

    def newest(self) -> Waiting | None:
        """Return the newest in the order of training; None where none waits."""
        there = {name: self._stamp(name) for name in self._paths.checkpoint_names()}
        for name in [name for name, stamp in self._waiting.items() if there.get(name) != stamp]:
            self.skip(name, "it went before that")
        self._looked = {stamp: self._look(stamp) for stamp in there.values() if stamp}
        self._waiting = {stamp[0]: stamp for stamp, one in self._looked.items() if one is not None}
        return next((one for one in reversed(self._looked.values()) if one is not None), None)

    def settle(self, name: str) -> None:
        """Note that one has its row now."""
        self._looked[self._waiting.pop(name)] = None

    def skip(self, name: str, why: str) -> None:
        """Give one up, and tell of it."""
        self._tell_skipped(name, why)
        self.settle(name)

    def _tell_skipped(self, name: str, why: str) -> None:
        self.num_skipped += 1
        self._tell(f"the checkpoint {name} is not evaluated: {why}")

    def _stamp(self, name: str) -> Stamp | None:
        """Return by what a checkpoint is told from a later one of its name, None where it goes."""
        try:
            found = os.stat(self._paths.checkpoint(name).record)
        except OSError:
            return None
        return name, found.st_ino, found.st_mtime_ns

    def _look(self, stamp: Stamp) -> Waiting | None:
        return self._looked[stamp] if stamp in self._looked else self._read(stamp[0])

    def _read(self, name: str) -> Waiting | None:
        """Return a checkpoint that has no row; None where it has one, or cannot be read."""
        try:
            record = CheckpointRecord.read(self._paths.checkpoint(name).record)
            record.require_of(uuid_of(self._paths), known_configs(self._paths))
        except RunError as error:
            self._tell_skipped(name, str(error))
            return None
        found = Waiting(name, record, _digest(record))
        known = (subject({"checkpoint": name, **self._asked}), found.model_sha256)
        return None if known in self._done else found


def _digest(record: CheckpointRecord) -> str:
    """Return the digest of the file of a checkpoint's weights; of several, of their digests."""
    names = sorted(name for name in record.files if is_of_part(name, "model"))
    digests = [record.files[name].sha256 for name in names]
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )
