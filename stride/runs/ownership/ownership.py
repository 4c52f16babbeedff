"""Hold a run for one segment, so that no process changes a run that it has lost.

A process can be held up between any check and the act that follows, and act a day later. So no
act rests on its check alone. Whatever comes into a run, or leaves it, goes through the staging
folder of its segment; rows are appended to files that are open. The order is always the same:
take what the act needs (a temporary in the staging folder, an open stream), check that the run
is still ours, act. A successor does the counterpart: its number stands first, then it takes away
the staging folders of all older segments and puts copies in the place of their streams. What an
older segment took before that leads nowhere any more, and what it takes later it checks in vain.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from stride.errors import LostRun, RunError, StrideError
from stride.runs.files.atomic import atomic_create, read_record
from stride.runs.files.durable import os_errors_as
from stride.runs.files.encoding import json_bytes, load_json
from stride.runs.files.safe_open import read_own
from stride.runs.layout import TEMPORARY_PREFIX, RunPaths, staging_number
from stride.runs.process import Process
from stride.runs.records.segment import SegmentRecord
from stride.runs.status import newest_segment, segment_numbers


class Ownership:
    """The time in which one segment may write its run.

    Args:
        paths: the run.
        segment: the segment's number.
        token: by which the segment is told from any other of its number.

    Attributes:
        staging: where what the segment writes is until it is complete, and what it deletes until
            it is gone.
    """

    def __init__(self, paths: RunPaths, segment: int, token: str) -> None:
        self.paths, self.segment, self._token = paths, segment, token
        self._record, self._known = paths.segment(segment), b""
        self.staging = paths.staging(segment, token)
        # Nothing is renamed from one file system to another.
        linked = paths.checkpoints.is_symlink()
        self._linked = paths.checkpoints / self.staging.name if linked else None

    @classmethod
    def begin(cls, paths: RunPaths, record: SegmentRecord) -> Self:
        """Create a segment exclusively: of several processes one succeeds.

        Where that fails, a folder in which nothing is yet is removed.

        Raises:
            RunError: another process was first.
            StrideError: the folder cannot be written, naming it.
        """
        ownership = cls(paths, record.n, record.token)
        content = json_bytes(record.to_json(), indent=2)
        try:
            with os_errors_as("cannot write", paths.path):
                paths.segments.mkdir(exist_ok=True)
                for staging in ownership._stagings():
                    staging.mkdir()
            atomic_create(paths.segment(record.n), content, through=ownership.staging)
        except (FileExistsError, StrideError) as cause:
            ownership.give_up([])
            # Who has taken it may have taken our staging folder away, as one that was left.
            if isinstance(cause, StrideError) and not paths.segment(record.n).exists():
                raise
            what = "another process has taken this run just now"
            raise RunError(what, where=str(paths.path)) from cause
        except BaseException:
            ownership.give_up([])
            raise
        return ownership

    def staging_for(self, path: Path) -> Path:
        """Return the staging folder for a file or folder: `checkpoints` may be a link elsewhere."""
        if self._linked is None or path.parent != self.paths.checkpoints:
            return self.staging
        return self._linked

    def _stagings(self) -> list[Path]:
        return [self.staging] if self._linked is None else [self.staging, self._linked]

    def is_ours(self) -> bool:
        """Tell whether this segment is the run's newest.

        A folder that `--force` put in the place of ours has a segment of the same number, but
        not of the same token.
        """
        if newest_segment(self.paths) != self.segment:
            return False
        with suppress(StrideError, OSError, ValueError):
            return self._is_our_record(read_own(self._record))
        return False

    def _is_our_record(self, content: bytes) -> bool:
        """Tell whether a record has our token; it is read each time, but parsed where it is new."""
        if content != self._known:
            record = load_json(content)
            if not isinstance(record, dict) or record.get("token") != self._token:
                return False
            self._known = content
        return True

    def check(self) -> None:
        """Refuse to go on in a run that another process owns.

        Raises:
            LostRun: it does.
        """
        if not self.is_ours():
            newest = newest_segment(self.paths)
            now = "its folder is gone" if newest is None else f"segment {newest} writes it now"
            what = f"segment {self.segment} has lost this run: {now}"
            raise LostRun(what, where=str(self.paths.path))

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Check before the block; what fails in it for want of the run is told as that.

        Raises:
            LostRun: another process owns the run.
        """
        self.check()
        with self.telling():
            yield

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Tell what fails in the block for want of the run as that; the block checks by itself.

        Raises:
            LostRun: another process owns the run.
        """
        try:
            yield
        except StrideError:
            self.check()
            raise

    def fence(self) -> None:
        """Take from older segments, and from processes that were killed, what they had not ended.

        Raises:
            StrideError: something cannot be taken away, naming it.
        """
        for path in self._left():
            aside = self.staging_for(path) / f"{TEMPORARY_PREFIX}{os.urandom(6).hex()}-left"
            with os_errors_as("cannot write", path), suppress(FileNotFoundError):
                os.rename(path, aside)
            _delete(aside)

    def give_up(self, files: Sequence[Path]) -> None:
        """Remove a run that could not begin, file by file; nothing of a successor's."""
        for path in files:
            with suppress(OSError):
                os.rename(path, self.staging / path.name)
        self.end()
        for folder in (self.paths.segments, self.paths.path):
            with suppress(OSError):
                folder.rmdir()

    def end(self) -> None:
        """Remove what is left of the staging folders."""
        for staging in self._stagings():
            shutil.rmtree(staging, ignore_errors=True)

    def _left(self) -> list[Path]:
        """Return what others have left unfinished; what a newer segment writes is not left."""
        found = [] if self._linked is None else self._left_behind_link()
        for root, folders, files in os.walk(self.paths.path):
            unfinished = [n for n in (*folders, *files) if n.startswith(TEMPORARY_PREFIX)]
            folders[:] = [name for name in folders if not name.startswith(TEMPORARY_PREFIX)]
            found += [Path(root, name) for name in unfinished if self._is_left(name)]
        return found

    def _left_behind_link(self) -> list[Path]:
        """Return the staging folders of this run's segments; others may be another run's."""
        found = []
        for n in segment_numbers(self.paths):
            with suppress(RunError):
                token = read_record(self.paths.segment(n)).get("token", "")
                found.append(self.paths.checkpoints / self.paths.staging(n, token).name)
        left = [path for path in found if staging_number(path.name) is not None]
        return [path for path in left if self._is_left(path.name) and os.path.lexists(path)]

    def _is_left(self, name: str) -> bool:
        """Tell what is not ours or a newer segment's; who lost our number to us writes nothing."""
        number = staging_number(name)
        return number is None or (number <= self.segment and name != self.staging.name)


def _delete(path: Path) -> None:
    """Delete a file or folder; where that fails it waits for the end of this ownership."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def staging_and_check(paths: RunPaths) -> tuple[Path | None, Callable[[], None]]:
    """Return the staging folder and the check of this process, for what goes past its writer.

    A folder that no writer has begun has neither.

    Raises:
        LostRun: another process writes the run.
    """
    newest = newest_segment(paths)
    if newest is None:
        return None, lambda: None
    record = SegmentRecord.read(paths.segment(newest))
    this = Process.this().to_json()
    if record.model_dump(include=set(this)) != this:
        raise LostRun(f"segment {newest} writes this run now", where=str(paths.path))
    ownership = Ownership(paths, newest, record.token)
    return ownership.staging, ownership.check
