"""Throw runs away by one rename, bring them back by another, or delete them for good.

The trash is a folder of the work_dir, and the name of a folder in it says all that has to be
known: which run it is and when it went. A run is in one of the two places at any moment.
"""

import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from stride.errors import RunError, StrideError, nearest
from stride.runs.files.durable import make_folder, os_errors_as, sync_folder
from stride.runs.keeping.in_use import require_unused
from stride.runs.keeping.needs import find_needs
from stride.runs.layout import TEMPORARY_PREFIX, RunPaths, trashed_run
from stride.runs.listing.query import list_runs
from stride.runs.listing.rows.read import read_row
from stride.runs.listing.rows.row import RunRow
from stride.runs.run_names import checked_name, name_order, number_of
from stride.runs.work_dir import WorkDir
from stride.visible import quoted


class Trashed(NamedTuple):
    """Hold a run that was thrown away.

    Attributes:
        name: of the run, when it was one.
        moment: when it went, in Unix seconds.
        path: the folder in the trash.
    """

    name: str
    moment: float
    path: Path

    def row(self) -> RunRow:
        """Return what a listing shows of it, under its name; a link is read from its place."""
        link = os.readlink(self.path) if self.path.is_symlink() else ""
        work_dir = self.path.parent.parent.parent
        return read_row(work_dir / link if link else self.path)._replace(name=self.name)


class Trash:
    """The runs of one work_dir that were thrown away."""

    def __init__(self, work_dir: Path | str) -> None:
        self._work_dir = WorkDir(work_dir)
        self.paths = self._work_dir.paths

    def entries(self) -> list[Trashed]:
        """Return what is in the trash, the latest first."""
        found = [
            Trashed(*run, self.paths.trash / name)
            for name in _names(self.paths.trash)
            if (run := trashed_run(name)) is not None
        ]
        return sorted(found, key=lambda entry: (-entry.moment, name_order(entry.name)))

    def find(self, text: str) -> Trashed:
        """Return the run of a name, the latest of several, or that of a UUID or its beginning.

        Raises:
            RunError: there is none.
        """
        entries = self.entries()
        named = [entry for entry in entries if entry.name == text]
        if named:
            return named[0]
        known = [e for e in entries if len(text) >= 6 and (e.row().uuid or "").startswith(text)]
        if len(known) == 1:
            return known[0]
        hint = nearest(text, {entry.name for entry in entries})
        hint = hint or f"`stride restore {quoted(self.paths.path)}` shows what is there"
        raise RunError(f"no run {text!r} in the trash", where=str(self.paths.path), hint=hint)

    def check(self, runs: Sequence[Path]) -> None:
        """Refuse runs that are in use, or that others need which stay.

        Raises:
            RunError: says of the first why.
        """
        for run in runs:
            if run.absolute().parent.name == self.paths.trash.name and trashed_run(run.name):
                hint = f"type: stride purge {quoted(self.paths.path.parent.parent)}"
                raise RunError(f"{run} is in the trash already", hint=hint)
            require_unused(RunPaths(run))
        for need in find_needs(runs, self.paths.path, list_runs(self.paths.path)):
            need.refuse(f"run {need.folder.name}")

    def throw_away(self, runs: Sequence[Path]) -> list[Trashed]:
        """Move runs of this work_dir into its trash.

        Raises:
            RunError: a run is in use or needed; none is moved then.
            StrideError: one cannot be moved, naming it; it is where it was, and so are those
                after it.
        """
        self.check(runs)
        moment = round(time.time(), 3)  # as it is written
        with (
            os_errors_as("cannot write in this work_dir", self.paths.path),
            self._work_dir.locked(),
        ):
            self._require_own_folder()
            make_folder(self.paths.trash)
            # A number that came here with a copied folder is not known as given.
            self._raise_mark(runs)
            with _durable(self.paths.trash, self.paths.path):
                return [self._move(RunPaths(run), moment) for run in runs]

    def _raise_mark(self, runs: Iterable[Path]) -> None:
        self._work_dir.numbers.raise_mark(max((number_of(run.name) for run in runs), default=-1))

    def _require_own_folder(self) -> None:
        if os.path.islink(self.paths.trash):
            hint = "remove the link"
            raise RunError("the trash is a link", where=str(self.paths.trash), hint=hint)

    def _move(self, run: RunPaths, moment: float) -> Trashed:
        require_unused(run)
        place = self.paths.trashed(run.name, moment, os.urandom(6).hex())
        with os_errors_as("cannot move to the trash", run.path):
            os.rename(run.path, place)
        try:
            require_unused(RunPaths(place))
        except RunError:  # a process has begun to go on with it since we looked
            os.rename(place, run.path)
            raise
        return Trashed(run.name, moment, place)

    def check_restore(self, entry: Trashed, name: str | None = None) -> Path:
        """Return the folder that a run would get back, and move nothing.

        Args:
            entry: what is to be brought back.
            name: another than it had.

        Raises:
            RunError: the name is taken or refused, or a process works on the run in the trash.
        """
        name = checked_name(entry.name if name is None else name)
        place = self.paths.run(name).path
        self._require_free(place, entry)
        require_unused(RunPaths(entry.path))
        return place

    def _require_free(self, place: Path, entry: Trashed) -> None:
        if os.path.lexists(place):
            hint = f"type: stride restore {quoted(self.paths.path / entry.name)} --as NAME"
            raise RunError(f"run {place.name!r} exists already", where=str(place), hint=hint)

    def restore(self, entry: Trashed, name: str | None = None) -> Path:
        """Bring a run back; return its folder.

        Args:
            entry: what is brought back.
            name: another than it had.

        Raises:
            RunError: as `check_restore`, or it is not in the trash any more.
            StrideError: it cannot be moved.
        """
        return self._bring_back([(entry, name)])[0]

    def restore_all(self, entries: Iterable[Trashed]) -> list[Path]:
        """Bring runs back, each under its name; return their folders.

        Raises:
            RunError: as `restore`; where one may not come back, none does.
            StrideError: one cannot be moved; those before it are back.
        """
        return self._bring_back([(entry, None) for entry in entries])

    def _bring_back(self, named: Sequence[tuple[Trashed, str | None]]) -> list[Path]:
        with (
            os_errors_as("cannot write in this work_dir", self.paths.path),
            self._work_dir.locked(),
        ):
            places = [self.check_restore(entry, name) for entry, name in named]
            self._raise_mark(places)
            with _durable(self.paths.path, self.paths.trash):
                for (entry, _), place in zip(named, places, strict=True):
                    self._rename_back(entry, place)
        return places

    def _rename_back(self, entry: Trashed, place: Path) -> None:
        self._require_free(place, entry)  # of two of one name the first is there by now
        try:
            os.rename(entry.path, place)
        except FileNotFoundError as cause:
            what = f"run {entry.name!r} is not in the trash any more"
            raise RunError(what, where=str(self.paths.path)) from cause

    def left(self) -> list[Path]:
        """Return what a deletion that did not come to its end has left: no run any more."""
        names = _names(self.paths.trash)
        return [self.paths.trash / name for name in names if name.startswith(TEMPORARY_PREFIX)]

    def purge(self, entries: Iterable[Trashed]) -> None:
        """Delete runs for good, and what an earlier deletion has left.

        Raises:
            RunError: a process works on one of them, by its path in the trash; none is deleted.
            StrideError: something cannot be deleted, naming it; the rest is deleted.
        """
        entries = list(entries)
        for entry in entries:
            require_unused(RunPaths(entry.path))
        with os_errors_as("cannot delete", self.paths.trash):
            self._require_own_folder()
            for entry in entries:
                aside = self.paths.trash / f"{TEMPORARY_PREFIX}{entry.path.name}"
                with suppress(FileNotFoundError):  # it was restored, or somebody else purges
                    os.rename(entry.path, aside)
            if self.paths.trash.exists():
                sync_folder(self.paths.trash)
        errors = [error for path in self.left() if (error := _delete(path))]
        if errors:
            hint = f"then type: stride purge {quoted(self.paths.path)}"
            raise StrideError(f"cannot delete: {errors[0]}", where=str(self.paths.trash), hint=hint)


@contextmanager
def _durable(to: Path, of: Path) -> Iterator[None]:
    """Make all renames from one folder to another durable at once.

    Each is whole by itself. The new names are made durable before the old ones are gone for good.
    """
    try:
        yield
    finally:
        sync_folder(to)
        sync_folder(of)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:  # there is none
        return []


def _delete(path: Path) -> OSError | None:
    """Delete a folder, or the link to one; return what kept it from that."""
    try:
        path.unlink() if path.is_symlink() else shutil.rmtree(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return error
    return None
