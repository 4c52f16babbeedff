"""Say what a writer of runs does, and do nothing where another process writes."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from stride.runs.files.encoding import json_bytes
from stride.runs.files.jsonl import lines_of
from stride.runs.files.safe_open import RECORD_LIMIT, require_size
from stride.runs.layout import RunPaths
from stride.runs.records.checkpoint import CheckpointIndex
from stride.runs.records.normalization import NormalizationRecord
from stride.runs.records.provenance import ProvenanceRecord
from stride.runs.records.reconstruction import ReconstructionRecord
from stride.runs.records.record import Versioned
from stride.runs.records.results import ResultsRecord
from stride.runs.records.signature import SignatureRecord
from stride.runs.records.status import ProgressRecord, StatusRecord
from stride.runs.status import FINAL

Content = bytes | str | Mapping[str, Any] | Iterator[memoryview]


class RunFiles(Protocol):
    """Write the files of a run, each of them whole or not at all.

    Both a `Writer` and the recorder of a training are one; rank 0's writes, those of the other
    ranks do as if.
    """

    @property
    def paths(self) -> RunPaths:
        """Return the run's files."""

    @property
    def identity(self) -> Mapping[str, object]:
        """Return by what a checkpoint knows the run, segment and config that it belongs to."""

    def commit(self, path: Path, content: bytes | str | Mapping[str, object], /) -> None:
        """Put a whole file in place, atomically; a mapping becomes checked JSON."""

    def commit_folder(self, path: Path, /) -> AbstractContextManager[Path]:
        """Fill a temporary folder and put it in place, atomically."""

    def remove_folder(self, path: Path, /) -> None:
        """Take a folder out of sight in one move, then delete it."""

    def stream_sizes(self) -> dict[str, int]:
        """Return the bytes that each stream has now, by file name."""

    def sync_streams(self) -> None:
        """Make everything appended durable."""


class Writer(ABC):
    """Write into a run folder, or do as if.

    Every writer refuses the same arguments, so that all ranks fail alike. A writer that is closed
    changes nothing any more.

    Attributes:
        paths: the run's files.
        uuid: the run's own, which stays with it when the folder moves.
        segment: 0 for the start, one more for each resume.
        config_sha256: digest of the config that the segment was begun with; empty where the
            run is only read.
    """

    paths: RunPaths
    uuid: str
    segment: int
    config_sha256: str = ""
    _status: StatusRecord

    @property
    def name(self) -> str:
        """Return the run's name."""
        return self.paths.name

    @property
    def identity(self) -> dict[str, Any]:
        """Return by what a checkpoint knows the run, segment and config that it belongs to."""
        config = self.config_sha256 or None
        return {"uuid": self.uuid, "segment": self.segment, "config_sha256": config}

    @abstractmethod
    def status(self, state: str, reason: str = "", **summary: Any) -> None:
        """Record the state that the run is in now."""

    @abstractmethod
    def commit(self, name: str | Path, content: Content) -> None:
        """Put a whole file in place, atomically; a mapping becomes checked JSON."""

    @abstractmethod
    def commit_folder(self, path: str | Path) -> AbstractContextManager[Path]:
        """Fill a temporary folder and put it in place, atomically."""

    @abstractmethod
    def remove_folder(self, path: Path) -> None:
        """Take a folder out of sight in one move, then delete it."""

    @abstractmethod
    def remove_file(self, path: Path) -> None:
        """Take a file away in one move."""

    @abstractmethod
    def append(self, stream: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows to a stream."""

    @abstractmethod
    def stream_sizes(self) -> dict[str, int]:
        """Return the bytes that each stream has now, by file name."""

    @abstractmethod
    def sync_streams(self) -> None:
        """Make everything appended durable."""

    @abstractmethod
    def report(self, progress: Callable[[], Mapping[str, Any]]) -> None:
        """Write progress.json with each heartbeat from now on.

        Args:
            progress: gives its values; called in another thread.
        """

    @abstractmethod
    def close(self, state: str, reason: str = "", **summary: Any) -> None:
        """Record how the run ended, and stop writing."""

    def _status_of(self, state: str, reason: str, summary: dict[str, Any]) -> StatusRecord:
        """Return the status that follows the last one."""
        values = self._status.to_json() | {"state": state, "reason": reason} | summary
        if state == "running" and self._status.started is None:
            values["started"] = time.time()
        values["ended"] = time.time() if state in FINAL else None
        return StatusRecord.model_validate(values)

    def _json_of(self, path: Path, values: Mapping[str, Any]) -> bytes:
        """Return the bytes of a JSON file, checked where other programs rely on what it holds."""
        records: dict[Path, type[Versioned]] = {
            self.paths.status: StatusRecord,
            self.paths.progress: ProgressRecord,
            self.paths.provenance: ProvenanceRecord,
            self.paths.results: ResultsRecord,
            self.paths.reconstruction: ReconstructionRecord,
            self.paths.normalization: NormalizationRecord,
            self.paths.checkpoint_index: CheckpointIndex,
            self.paths.signature: SignatureRecord,
        }
        record = records.get(path)
        checked = values if record is None else record.model_validate(values).to_json()
        content = json_bytes(checked, indent=2)
        require_size(path, len(content), RECORD_LIMIT)  # else no reader would take it
        return content


@contextmanager
def discarded_folder() -> Iterator[Path]:
    """Give a folder outside of every run that is removed at the end of the block."""
    with TemporaryDirectory(prefix="stride-") as folder:
        yield Path(folder)


class ReadOnlyWriter(Writer):
    """Take the writer's place on the other ranks: check what is given, and keep nothing of it."""

    def __init__(self, paths: RunPaths, uuid: str = "", segment: int = 0) -> None:
        """Name the run that rank 0 writes."""
        self.paths, self.uuid, self.segment = paths, uuid, segment
        other: dict[str, Any] = {"uuid": "0" * 32, "created": 0.0, "host": "", "pid": 0}
        self._status = StatusRecord(state="created", segment=segment, **other)

    def status(self, state: str, reason: str = "", **summary: Any) -> None:
        """Check the state, and record nothing."""
        self._status_of(state, reason, summary)

    def commit(self, name: str | Path, content: Content) -> None:
        """Check the values of a JSON file, and write nothing."""
        if isinstance(content, Mapping):
            self._json_of(self.paths.path / name, content)

    def commit_folder(self, path: str | Path) -> AbstractContextManager[Path]:
        """Give a folder outside the run that is removed at the end of the block."""
        return discarded_folder()

    def remove_folder(self, path: Path) -> None:
        """Do nothing."""

    def remove_file(self, path: Path) -> None:
        """Do nothing."""

    def append(self, stream: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        """Check the rows, and append nothing."""
        lines_of(stream, rows)

    def stream_sizes(self) -> dict[str, int]:
        """Return nothing: this process has no streams."""
        return {}

    def sync_streams(self) -> None:
        """Do nothing."""

    def report(self, progress: Callable[[], Mapping[str, Any]]) -> None:
        """Do nothing."""

    def close(self, state: str, reason: str = "", **summary: Any) -> None:
        """Check the state, and record nothing."""
        self._status_of(state, reason, summary)
