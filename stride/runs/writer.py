"""Write one run folder, as the only process that may.

Only the newest segment writes: before each rename the writer looks whether a newer one exists,
so that a process cut off by a broken network cannot commit beside its successor.
"""

import os
import shutil
import time
import uuid as uuids
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from stride.errors import LostRun, RunError, StrideError
from stride.runs.files.atomic import (
    LineFile,
    atomic_create,
    atomic_folder,
    atomic_write,
    json_bytes,
    read_record,
    sweep_temporaries,
    told,
)
from stride.runs.heartbeat import Heartbeat
from stride.runs.jobs import job as job
from stride.runs.layout import FORMAT_VERSION, RunPaths
from stride.runs.listing.rows import read_row
from stride.runs.records import (
    CheckpointIndex,
    NormalizationRecord,
    ProvenanceRecord,
    ResultsRecord,
    SegmentRecord,
    StatusRecord,
    Versioned,
)
from stride.runs.status import LIVING, Process, is_written, newest_segment
from stride.runs.streams import StreamPosition, cut_streams, stream_sizes
from stride.runs.work_dir import WorkDir
from stride.runs.writer_base import Content, ReadOnlyWriter, Writer

__all__ = ["Content", "ReadOnlyWriter", "RunWriter", "Writer"]


class RunWriter(Writer):
    """Write the folder of one run, from its claim to its end."""

    def __init__(self, paths: RunPaths, status: StatusRecord, token: str) -> None:
        """Take over a folder whose newest segment is ours; use `start` or `resume`."""
        self.paths, self.uuid, self.segment = paths, status.uuid, status.segment
        self._status, self._token = status, token
        self._streams: dict[Path, LineFile] = {}
        self._closed = False
        self._heart = Heartbeat(paths.heartbeat(self.segment), self._is_ours)

    @classmethod
    def start(
        cls,
        work_dir: Path | str,
        run: str | int | None = None,
        *,
        force: bool = False,
        config: Mapping[str, Any],
        provenance: Mapping[str, Any],
        patch: bytes | str = b"",
    ) -> Self:
        """Claim a new run and write what is known at its start.

        Args:
            work_dir: Where the run belongs; made with its parents when missing.
            run: A number or name, or None for the next number.
            force: Whether to replace an existing run of that name. Validate everything before.
            config: The resolved, complete config.
            provenance: Where the run comes from.
            patch: The code's uncommitted changes.

        Raises:
            RunError: The name is taken or refused, or the work_dir cannot be written.
            StrideError: The folder cannot be filled (full disk); it is removed again.
        """
        # Absolute: the user's code may change the current folder.
        paths = RunPaths(WorkDir(work_dir).claim(run, force=force).path.absolute())
        try:
            known: dict[str, Any] = {"uuid": uuids.uuid4().hex, "created": time.time()}
            writer = cls._adopt(paths, 0, {}, overrides=provenance.get("overrides", []), **known)
        except StrideError:
            _remove_empty(paths)
            raise
        try:
            writer.status("created")
            writer.commit(paths.config, {"format_version": FORMAT_VERSION, **config})
            writer.commit(paths.provenance, provenance)
            if patch:
                writer.commit(paths.code_patch, patch)
        except BaseException:
            writer._release()
            shutil.rmtree(paths.path, ignore_errors=True)
            raise
        return writer

    @classmethod
    def resume(
        cls,
        path: Path | str,
        *,
        after: int | None = None,
        take_over: bool = False,
        position: StreamPosition | None = None,
        **facts: Any,
    ) -> Self:
        """Begin the next segment of a run that no living process writes.

        Args:
            path: The run's folder.
            after: The newest segment when the caller read what it goes on from; without it, the
                newest now.
            take_over: Whether to take the run from a process that looks alive: one that its
                launcher has ended, or that is cut off.
            position: Where the streams end that were written before that; later rows are cut off
                and kept beside the segment's record.
            facts: More of the segment's record: `from_step`, `from_epoch`, `checkpoint`,
                `overrides`, `fidelity`.

        Raises:
            RunError: There is no run, a process writes it, or another resumed it just now.
        """
        paths = RunPaths(Path(path).absolute())
        # The number is read first: whoever takes the run after that has taken this very number.
        newest = newest_segment(paths) if after is None else after
        before = StatusRecord.read(paths.status)
        if not take_over and is_written(paths):
            hint = "stop it first"
            raise RunError("a process is writing this run", where=str(paths.path), hint=hint)
        n = 0 if newest is None else newest + 1
        known = before.model_dump(include={"uuid", "created", "started", "overrides"})
        known["paused"] = _paused(paths, before)
        writer = cls._adopt(paths, n, facts, **known)
        try:
            sweep_temporaries(paths.path)
            if position is not None:
                cut_streams(paths, n, position)
            writer.status("created")
        except BaseException:
            writer._release()
            raise
        return writer

    @classmethod
    def _adopt(cls, paths: RunPaths, n: int, facts: Mapping[str, Any], **known: Any) -> Self:
        """Create the n-th segment exclusively: of several processes one succeeds."""
        process, token = Process.this(), os.urandom(8).hex()
        segment = SegmentRecord(
            n=n,
            token=token,
            started=time.time(),
            job=job(),
            **process.to_json(),
            **facts,
        )
        with told("cannot write", paths.path):
            paths.segments.mkdir(exist_ok=True)
        try:
            atomic_create(paths.segment(n), json_bytes(segment.to_json(), indent=2))
        except FileExistsError as cause:
            what = "another process has taken this run just now"
            raise RunError(what, where=str(paths.path)) from cause
        who: dict[str, Any] = {"segment": n, "host": process.host, "pid": process.pid}
        return cls(paths, StatusRecord(state="created", **who, **known), token)

    def status(self, state: str, reason: str = "", **summary: Any) -> None:
        """Record the state that the run is in now.

        Args:
            state: One of `stride.runs.status.STATES`.
            reason: Why, in a few words.
            summary: `metrics` and `monitor` as in `StatusRecord`, for listings.

        Raises:
            LostRun: A newer segment owns this run.
        """
        ends = state not in LIVING and state not in ("queued", "waiting")
        values = self._status.to_json() | {"state": state, "reason": reason} | summary
        if state == "running" and self._status.started is None:
            values["started"] = time.time()
        values["ended"] = time.time() if ends else None
        self.commit(self.paths.status, values)
        self._status = StatusRecord.model_validate(values)

    def commit(self, name: str | Path, content: Content) -> None:
        """Put a whole file of the run in place, in one move.

        Args:
            name: The file, relative to the run folder or as its path in `paths`.
            content: Bytes, text, or the values of a JSON file, which are checked against the
                file's record where it has one.

        Raises:
            LostRun: A newer segment owns this run.
            StrideError: The file cannot be written, naming it.
        """
        path = self.paths.path / name
        if isinstance(content, Mapping):
            content = json_bytes(self._checked(path, content), indent=2)
        self._check_ours()
        with told("cannot write", path):
            path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, content, before_rename=self._check_ours)

    def _checked(self, path: Path, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Check the values of a file that other programs rely on."""
        records: dict[Path, type[Versioned]] = {
            self.paths.status: StatusRecord,
            self.paths.provenance: ProvenanceRecord,
            self.paths.results: ResultsRecord,
            self.paths.normalization: NormalizationRecord,
            self.paths.checkpoint_index: CheckpointIndex,
        }
        record = records.get(path)
        return values if record is None else record.model_validate(values).to_json()

    @contextmanager
    def commit_folder(self, path: str | Path) -> Iterator[Path]:
        """Fill a temporary folder, which takes its place in one move at the end of the block.

        Raises:
            LostRun: A newer segment owns this run.
            StrideError: The folder cannot be written, naming it.
        """
        self._check_ours()
        with atomic_folder(self.paths.path / path, before_rename=self._check_ours) as folder:
            yield folder

    def append(self, stream: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows to a stream in one write, which a SIGKILL cannot undo.

        Raises:
            LostRun: A newer segment owns this run.
            StrideError: The rows cannot be written, naming the file.
        """
        self._check_ours()
        if stream not in self._streams:
            self._streams[stream] = LineFile(stream)
        self._streams[stream].append(rows)

    def stream_sizes(self) -> dict[str, int]:
        """Return the bytes that each stream has now, by file name."""
        return stream_sizes(self.paths)

    def sync_streams(self) -> None:
        """Make everything appended durable.

        Raises:
            StrideError: A stream cannot be written, naming the file.
        """
        for file in list(self._streams.values()):
            file.sync()

    def close(self, state: str, reason: str = "", **summary: Any) -> None:
        """Make the streams durable, record how the run ended, and stop writing.

        A second call does nothing.

        Raises:
            LostRun: A newer segment owns this run; what this one held is released even so.
            StrideError: The disk is full; likewise.
        """
        if self._closed:
            return
        self._closed = True
        try:
            for file in self._streams.values():
                file.close()
            self.status(state, reason, **summary)
        finally:
            self._release()

    def _is_ours(self) -> bool:
        """Tell whether this segment is the run's newest.

        A folder that `--force` put in the place of ours has a segment of the same number, but
        not of the same token.
        """
        if newest_segment(self.paths) != self.segment:
            return False
        with suppress(StrideError):
            return read_record(self.paths.segment(self.segment)).get("token") == self._token
        return False

    def _check_ours(self) -> None:
        """Raise LostRun where another process owns the run."""
        if not self._is_ours():
            newest = newest_segment(self.paths)
            now = "its folder is gone" if newest is None else f"segment {newest} writes it now"
            what = f"segment {self.segment} has lost this run: {now}"
            raise LostRun(what, where=str(self.paths.path))

    def _release(self) -> None:
        """Stop writing, whatever has happened."""
        self._closed = True
        self._heart.stop()


def _paused(paths: RunPaths, before: StatusRecord) -> float | None:
    """Return the seconds between the segments of a run, now that another one begins."""
    ended = read_row(paths.path).ended
    if before.started is None or ended is None:
        return before.paused
    return (before.paused or 0.0) + max(0.0, time.time() - ended)


def _remove_empty(paths: RunPaths) -> None:
    """Remove a claimed folder that could not be filled, and nobody else's files."""
    with suppress(OSError):
        paths.segments.rmdir()
    with suppress(OSError):
        paths.path.rmdir()
