"""Say what a writer of runs does, and do nothing where another process writes."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from stride.runs.layout import RunPaths

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

    Attributes:
        paths: The run's files.
        uuid: The run's own, which stays with it when the folder moves.
        segment: 0 for the start, one more for each resume.
        config_sha256: digest of the config that the segment was begun with; empty where the
            run is only read.
    """

    paths: RunPaths
    uuid: str
    segment: int
    config_sha256: str = ""

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
    def append(self, stream: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows to a stream."""

    @abstractmethod
    def stream_sizes(self) -> dict[str, int]:
        """Return the bytes that each stream has now, by file name."""

    @abstractmethod
    def sync_streams(self) -> None:
        """Make everything appended durable."""

    @abstractmethod
    def close(self, state: str, reason: str = "", **summary: Any) -> None:
        """Record how the run ended, and stop writing."""


class ReadOnlyWriter(Writer):
    """Take the writer's place on the other ranks: nothing of what it is given is kept."""

    def __init__(self, paths: RunPaths, uuid: str = "", segment: int = 0) -> None:
        """Name the run that rank 0 writes."""
        self.paths, self.uuid, self.segment = paths, uuid, segment

    def status(self, state: str, reason: str = "", **summary: Any) -> None:
        """Do nothing."""

    def commit(self, name: str | Path, content: Content) -> None:
        """Do nothing."""

    @contextmanager
    def commit_folder(self, path: str | Path) -> Iterator[Path]:
        """Give a folder outside the run that is removed at the end of the block."""
        with TemporaryDirectory(prefix="stride-") as folder:
            yield Path(folder)

    def remove_folder(self, path: Path) -> None:
        """Do nothing."""

    def append(self, stream: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        """Do nothing."""

    def stream_sizes(self) -> dict[str, int]:
        """Return nothing: there are no streams."""
        return {}

    def sync_streams(self) -> None:
        """Do nothing."""

    def close(self, state: str, reason: str = "", **summary: Any) -> None:
        """Do nothing."""
