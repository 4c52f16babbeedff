"""Write one run folder, as the only process that may.

Only the newest segment writes; `ownership` says how a process that was cut off, by a broken network
or by being stopped, changes nothing beside its successor.
"""

import os
import time
import uuid as uuids
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from stride.errors import RunError, StrideError
from stride.log import LOGGER
from stride.runs.files.atomic import read_record
from stride.runs.heartbeat import Heartbeat
from stride.runs.jobs import job
from stride.runs.layout import FORMAT_VERSION, RunPaths
from stride.runs.listing.rows.read import read_row
from stride.runs.ownership.files import OwnedFiles
from stride.runs.ownership.ownership import Ownership
from stride.runs.ownership.places import require_own_places
from stride.runs.process import Process
from stride.runs.provenance.config_digest import config_digest
from stride.runs.records.segment import SegmentRecord
from stride.runs.records.status import StatusRecord
from stride.runs.signing.key import make_key
from stride.runs.signing.signature import Signer
from stride.runs.status import is_written, newest_segment
from stride.runs.streams import StreamPosition, go_back, stream_sizes
from stride.runs.work_dir import WorkDir
from stride.runs.writer_base import Content, Writer, discarded_folder


class RunWriter(Writer):
    """Write the folder of one run, from its claim to its end.

    Whatever changes the folder raises LostRun where a newer segment owns the run, and a StrideError
    that names what cannot be written.
    """

    def __init__(self, ownership: Ownership, status: StatusRecord, config_sha256: str) -> None:
        """Take over a folder whose newest segment is ours; use `start` or `resume`."""
        self.paths, self.uuid, self.segment = ownership.paths, status.uuid, status.segment
        self.config_sha256 = config_sha256
        self._status, self._ownership = status, ownership
        self._files = OwnedFiles(ownership, self.uuid)
        self._closed = False
        self._signer = Signer(self.uuid, None)
        self._heart = Heartbeat(self.paths.heartbeat(self.segment), ownership.is_ours)

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
            work_dir: where the run belongs; made with its parents when missing.
            run: a number or name, or None for the next number.
            force: whether to replace an existing run of that name. Validate everything before.
            config: the resolved, complete config.
            provenance: where the run comes from.
            patch: the code's uncommitted changes.

        Raises:
            RunError: the name is taken or refused, or the work_dir cannot be written.
            StrideError: the folder cannot be filled (full disk); it is removed again.
        """
        facts = {"config_sha256": config_digest(config)}
        # Absolute: the user's code may change the current folder.
        paths = RunPaths(WorkDir(work_dir).claim(run, force=force).path.absolute())
        known: dict[str, Any] = {"uuid": uuids.uuid4().hex, "created": time.time()}
        of = provenance.get("sweep") or {}
        known |= {"sweep": of.get("name"), "trial": of.get("trial")}
        writer = cls._adopt(paths, 0, facts, overrides=provenance.get("overrides", []), **known)
        try:
            writer.status("created")
            writer._signer = Signer(writer.uuid, make_key())
            code = {paths.code_patch: patch} if patch else {}
            writer._put({paths.config: _with_version(config), **code, paths.provenance: provenance})
        except BaseException:
            writer._give_up()
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
        seen: Collection[str] = (),
        config: Mapping[str, Any] | None = None,
        **facts: Any,
    ) -> Self:
        """Begin the next segment of a run that no living process writes.

        Args:
            path: the run's folder.
            after: the newest segment when the caller read what it goes on from; without it, the
                newest now.
            take_over: whether to take the run from a process that looks alive: one that its
                launcher has ended, or that is cut off.
            position: where the streams end that were written before that; later rows are cut off
                and kept beside the segment's record, and later checkpoints are deleted.
            seen: the checkpoints that were there when it was read from which to go on.
            config: the complete config, where it is another one from now on.
            facts: more of the segment's record: `from_step`, `from_epoch`, `checkpoint`,
                `overrides`, `fidelity`.

        Raises:
            RunError: there is no run, a process writes it, or another resumed it just now or
                went on with it.
        """
        paths = RunPaths(Path(path).absolute())
        # The number is read first: whoever takes the run after that has taken this very number.
        newest = newest_segment(paths) if after is None else after
        before = StatusRecord.read(paths.status)
        require_own_places(paths, before.uuid)
        if not take_over and is_written(paths):
            hint = "stop it first"
            raise RunError("a process is writing this run", where=str(paths.path), hint=hint)
        n = 0 if newest is None else newest + 1
        read = read_record(paths.config, unversioned=1) if config is None else config
        facts["config_sha256"] = config_digest(read)
        known = before.kept(facts.get("overrides", []), ended=read_row(paths.path).ended)
        writer = cls._adopt(paths, n, facts, **known)
        try:
            writer._ownership.fence()
            go_back(writer, position, facts.get("checkpoint"), seen)
            writer._signer = Signer.of_resumed(paths, writer.uuid)
            writer.status("created")
            if config is not None:
                writer.commit(paths.config, _with_version(config))
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
        ownership = Ownership.begin(paths, segment)
        who: dict[str, Any] = {"segment": n, "host": process.host, "pid": process.pid}
        status = StatusRecord(state="created", **who, **known)
        return cls(ownership, status, segment.config_sha256 or "")

    def status(self, state: str, reason: str = "", **summary: Any) -> None:
        """Record the state that the run is in now.

        Args:
            state: one of `stride.runs.status.STATES`.
            reason: why, in a few words.
            summary: `metrics` and `monitor` as in `StatusRecord`, for listings.
        """
        status = self._status_of(state, reason, summary)
        self.commit(self.paths.status, status.to_json())
        self._status = status

    def commit(self, name: str | Path, content: Content) -> None:
        """Put a whole file of the run in place, in one move.

        Args:
            name: the file, relative to the run folder or as its path in `paths`.
            content: bytes, text, or the values of a JSON file, which are checked against the
                file's record where it has one.
        """
        self._put({self.paths.path / name: content})

    def _put(self, files: Mapping[Path, Content]) -> None:
        """Put files in place one after the other, with one signature for all of them."""
        if any(map(self._is_closed, files)):
            return
        # The signature first: a file is never there without one that covers it.
        if any([self._signer.covers(self.paths, *file) for file in files.items()]):
            self.commit(self.paths.signature, self._signer.values())
        for path, content in files.items():
            if isinstance(content, Mapping):
                content = self._json_of(path, content)
            self._files.write(path, content)

    @contextmanager
    def commit_folder(self, path: str | Path) -> Iterator[Path]:
        """Fill a temporary folder, which takes its place in one move at the end of the block."""
        if self._is_closed(self.paths.path / path):
            with discarded_folder() as folder:
                yield folder
            return
        with self._files.folder(self.paths.path / path) as folder:
            yield folder

    def remove_folder(self, path: Path) -> None:
        """Take a folder of the run out of sight in one move, then delete it.

        Behind a link a folder stays that is not known to be the run's.
        """
        if not self._is_closed(path):
            self._files.remove_folder(path)

    def remove_file(self, path: Path) -> None:
        """Take a file of the run away in one move."""
        if not self._is_closed(path):
            self._files.remove_file(path)

    def append(self, stream: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows to a stream in one write, which a SIGKILL cannot undo."""
        if not self._is_closed(stream):
            self._files.append(stream, rows)

    def stream_sizes(self) -> dict[str, int]:
        """Return the bytes that each stream has now, by file name."""
        return stream_sizes(self.paths)

    def sync_streams(self) -> None:
        """Make everything appended durable."""
        if not self._closed:
            self._files.sync()

    def report(self, progress: Callable[[], Mapping[str, Any]]) -> None:
        """Write progress.json with each heartbeat from now on.

        Args:
            progress: gives its values; called in another thread.
        """
        self._heart.also = lambda: self.commit(self.paths.progress, progress())

    def close(self, state: str, reason: str = "", **summary: Any) -> None:
        """Make the streams durable, record how the run ended, and stop writing.

        A second call does nothing.

        Raises:
            LostRun: a newer segment owns this run; what this one held is released even so.
            StrideError: the disk is full; likewise.
        """
        if self._closed:
            return
        try:
            # Before the status: a run that is said to have ended has all of its rows.
            self._files.close()
            self.status(state, reason, **summary)
            self._end_progress()
        finally:
            self._release()

    def _end_progress(self) -> None:
        """Take progress.json away: the status and the results say from now on how it came out."""
        self._heart.stop()
        with suppress(OSError, StrideError):
            self._files.put_away(self.paths.progress)

    def _is_closed(self, path: Path) -> bool:
        """Tell whether the writer writes no more, and warn of what comes too late."""
        if self._closed:
            LOGGER.warning("%s is not written: the run is closed", path)
        return self._closed

    def _give_up(self) -> None:
        """Remove a run that could not begin, unless another process has taken it up."""
        if not self._ownership.is_ours():
            self._release()
            return
        self._heart.stop()
        paths = self.paths
        files = [paths.config, paths.code_patch, paths.provenance, paths.status, paths.signature]
        self._ownership.give_up(
            [*files, paths.heartbeat(self.segment), paths.segment(self.segment)]
        )

    def _release(self) -> None:
        """Stop writing, whatever has happened."""
        self._closed = True
        self._heart.stop()
        self._ownership.end()


def _with_version(config: Mapping[str, Any]) -> dict[str, Any]:
    values = {k: v for k, v in config.items() if k != "format_version"}
    return {"format_version": FORMAT_VERSION, **values}
