"""A checkpoint's record and state, and the list of checkpoints."""

import hashlib
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from stride.errors import BrokenRecord, RunError
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import read_own
from stride.runs.records.record import Count, FileName, Number, Record, Seconds, Sha256, Versioned


class FileDigest(Record):
    """Hold by what one file of a checkpoint is known again."""

    sha256: Sha256
    size: Count


class CheckpointRecord(Versioned):
    """Hold where a checkpoint stands and what its files are (checkpoint.json)."""

    schema_name: ClassVar[str] = "checkpoint"

    step: Count
    epoch: Count
    position: Count = Field(description="Global samples consumed of the current epoch")
    time: Seconds
    files: dict[FileName, FileDigest]
    versions: dict[str, str]
    value: Number | None = Field(None, description="Of the monitored metric, at an epoch's end")
    streams: dict[FileName, Count] = Field(
        default_factory=dict, description="Bytes that each stream of rows had then, by file name"
    )
    world_size: Annotated[int, Field(ge=1, strict=True)] = 1
    devices: list[str] = Field(default_factory=list, description="Names, one for each process")
    threads: Count | None = Field(None, description="Of torch, in each process")
    uuid: Annotated[str, Field(pattern="^[0-9a-f]{32}$")] | None = Field(
        None, description="Of the run that wrote it"
    )
    segment: Count | None = Field(None, description="The segment that wrote it")
    config_sha256: Sha256 | None = Field(None, description="As of that segment")
    sha256: Sha256 | None = Field(
        None, description="Of this file, with 64 zeros in the place of this digest"
    )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check a record, which knows its own digest from format version 3 on.

        Raises:
            RunError: as of any record; or it is not what was written.
        """
        record = super().read(path)
        if record.sha256 is None and record.format_version < 3:
            return record
        with os_errors_as("cannot read", path, RunError):
            content = read_own(path)
        if seal(content) != content:
            raise BrokenRecord(f"{path.name} is damaged", where=str(path))
        return record

    def require_of(self, uuid: str | None, configs: Collection[str]) -> None:
        """Refuse a checkpoint of another run, or of another config than the run ever had.

        Args:
            uuid: the run's; None where it is not known.
            configs: digests of its configs; none where they are not known.

        Raises:
            RunError: it is.
        """
        if None not in (self.uuid, uuid) and self.uuid != uuid:
            raise RunError(f"it is of another run, {self.uuid}")
        if self.config_sha256 is not None and configs and self.config_sha256 not in configs:
            raise RunError("it was written under a config that this run never had")

    def require_state(self, path: Path, parts: Mapping[str, Any]) -> None:
        """Refuse the parts of a state that stands elsewhere.

        No digest covers a record of format version 2 or older.

        Raises:
            RunError: naming the state's file.
        """
        place = {"step": self.step, "epoch": self.epoch, "position": self.position}
        if parts.get("counters") != place:
            what = f"its counters are {parts.get('counters')}, and the record says {place}"
            raise RunError(what, where=str(path))


_OPEN = "0" * 64
_SEAL = re.compile(rb'"sha256": "([0-9a-f]{64})"\n\}\n$')


def seal(content: bytes) -> bytes:
    """Return the bytes of a checkpoint's record with the digest of all its other bytes.

    Bytes without a place for it come back as nothing.
    """
    found = _SEAL.search(content)
    if found is None:
        return b""
    before, after = content[: found.start(1)], content[found.end(1) :]
    digest = hashlib.sha256(before + _OPEN.encode() + after).hexdigest()
    return before + digest.encode() + after


class CheckpointState(Versioned):
    """Hold all state of a checkpoint except tensors (state.json)."""

    schema_name: ClassVar[str] = "checkpoint_state"
    limit: ClassVar[int] = 2**30  # it may hold long lists, as of a pool's samples

    parts: dict[str, Any] = Field(description="By name; a tensor is the name of one in a file")


class CheckpointEntry(Record):
    """Hold one line of the list of checkpoints."""

    name: FileName
    step: Count
    epoch: Count
    position: Count = 0
    time: Seconds
    value: Number | None = Field(None, description="Of the monitored metric")


class CheckpointIndex(Versioned):
    """Hold the list of checkpoints, in the order of training (checkpoints/index.json)."""

    schema_name: ClassVar[str] = "checkpoint_index"

    entries: list[CheckpointEntry] = Field(default_factory=list)
    best: FileName | None = None
    last: FileName | None = None
    segment: Count | None = Field(None, description="The segment that wrote this")
