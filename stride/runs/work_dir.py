"""Claim and find the runs of one work_dir.

A run's number comes out of a lock *and* an exclusive mkdir: where the lock does not work (some
network file systems), two processes still never get one number.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stride.errors import RunError, nearest
from stride.runs.files.durable import make_folder, os_errors_as, sync_folder
from stride.runs.files.lock import locked
from stride.runs.layout import (
    SELECTORS,
    RunPaths,
    WorkDirPaths,
    replaced_name,
)
from stride.runs.run_folder import is_run_folder
from stride.runs.run_names import checked_name, is_name, name_order, number_of
from stride.runs.run_numbers import RunNumbers
from stride.runs.status import is_written
from stride.visible import quoted


class WorkDir:
    """Stand for the folder that holds the runs of one experiment."""

    def __init__(self, path: Path | str) -> None:
        """Bind to a folder, which need not exist before the first run is claimed.

        Raises:
            RunError: the path is empty, or no path.
        """
        if not str(path) or "\0" in str(path):
            raise RunError(
                f"{str(path)!r} is not a path", where="work_dir", hint="type: work_dir=PATH"
            )
        self.path = Path(path)
        self.paths = WorkDirPaths(self.path)
        self.numbers = RunNumbers(self.paths)

    def __repr__(self) -> str:
        return f"WorkDir({str(self.path)!r})"

    def names(self) -> list[str]:
        """Return the names of all run folders, numbers first, in their order.

        Raises:
            RunError: the work_dir is missing or cannot be read.
        """
        with os_errors_as("cannot read this work_dir", self.path, RunError):
            names = [name for name in os.listdir(self.path) if is_name(name)]
        return sorted((n for n in names if is_run_folder(self.path / n)), key=name_order)

    def find(self, selector: str | int) -> Path:
        """Return the folder of a run: by number or name, or `latest`, or `best`.

        Raises:
            RunError: there is no such run.
        """
        name = str(selector)
        if name in SELECTORS:
            return self._selected(name)
        names = [name] if self._holds(name) else self.names()  # some cannot be looked into
        if name in names:
            return self.path / name
        hint = nearest(name, names) or f"type: stride ls {quoted(self.path)}"
        raise RunError(f"no run {name!r}", where=str(self.path), hint=hint)

    def _holds(self, name: str) -> bool:
        return is_name(name) and os.path.isdir(self.path / name)

    def _selected(self, name: str) -> Path:
        from stride.runs.listing.query import (  # they build on this module
            best_of,
            latest_run,
        )

        if name == "latest":
            return latest_run(self.path).path
        return best_of(self.path).path

    def check_name(self, run: str | int | None, force: bool = False) -> str | None:
        """Say whether `claim` would take this name, and create nothing.

        Args:
            run: a number or name, or None for the next number.
            force: whether an existing run of that name may be replaced.

        Returns:
            the name as the folder will have it.

        Raises:
            RunError: what is wrong with the name, the work_dir or the run that is there.
        """
        name = None if run is None else checked_name(run)
        with os_errors_as("cannot use this work_dir", self.path, RunError):
            self._check_place()
            if name is not None and os.path.lexists(self.path / name):
                self._check_replaceable(name, force)
            elif name is not None:
                self._require_not_trashed(name)
        return name

    def claim(self, run: str | int | None = None, *, force: bool = False) -> RunPaths:
        """Make the folder of a new run, for this process alone.

        Args:
            run: a number or name, or None for the next number. Numbers are never given twice,
                not even that of a deleted run.
            force: whether to replace an existing run of that name. Check everything else
                before: nothing brings the old run back.

        Raises:
            RunError: the name is taken or refused, or the work_dir cannot be written.
        """
        name = self.check_name(run, force)
        with os_errors_as("cannot write in this work_dir", self.path, RunError):
            with self.locked():
                self._settle_replaced()
                self.numbers.settle_mark()
                as_listed = self.numbers.is_as_listed()
                paths, old = (
                    (self.numbers.claim_next(as_listed), None)
                    if name is None
                    else self._named(name, force)
                )
                sync_folder(self.path)
                if as_listed or name is None:
                    self.numbers.note_listing()
            if old is not None:
                shutil.rmtree(old, ignore_errors=True)
        return paths

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep everyone else out who gives or takes a name in this work_dir.

        Raises:
            RunError: the hidden folder is a link, or another process holds the lock for too long.
            OSError: the hidden folder cannot be made.
        """
        self._require_own_private()
        make_folder(self.paths.private)
        with locked(self.paths.lock):
            yield

    def _require_own_private(self) -> None:
        """Refuse a hidden folder that leads elsewhere: what lies there would be written over."""
        if os.path.islink(self.paths.private):
            what = f"{self.paths.private.name} is a link"
            hint = "remove it: run numbers continue from the largest run"
            raise RunError(what, where=str(self.path), hint=hint)

    def _require_not_trashed(self, name: str) -> None:
        """Refuse the number of a run in the trash, which may come back; a name may be two runs'."""
        if number_of(name) in self.numbers.trashed():
            hint = f"type: stride restore {quoted(self.path / name)}, or another run=NAME"
            raise RunError(f"run {name} is in the trash", where=str(self.path), hint=hint)

    def _check_place(self) -> None:
        """Refuse a work_dir that cannot hold runs."""
        if RunPaths(self.path).status.exists():
            hint = f"type: work_dir={quoted(self.path.parent)}"
            raise RunError("this is a run folder, not a work_dir", where=str(self.path), hint=hint)
        place = self.path
        while not os.path.lexists(place) and place != place.parent:
            place = place.parent
        if not place.is_dir():
            raise RunError(f"{place} is not a folder", where=f"work_dir {self.path}")
        effective = os.access in os.supports_effective_ids
        if not os.access(place, os.W_OK | os.X_OK, effective_ids=effective):
            what = "cannot write in this work_dir: no permission"
            raise RunError(what, where=str(place), hint="choose another work_dir")

    def _check_replaceable(self, name: str, force: bool) -> None:
        """Refuse to touch an existing run, unless it may be replaced and has no writer."""
        paths = self.paths.run(name)
        if not force:
            hint = "type: --force to replace it, or another run=NAME"
            raise RunError(f"run {name!r} exists already", where=str(self.path), hint=hint)
        if paths.path.is_symlink() or not _is_run(paths):
            what, hint = (
                f"{name!r} is not a run folder and is not replaced",
                "choose another run=NAME",
            )
            raise RunError(what, where=str(paths.path), hint=hint)
        if is_written(paths):
            hint = "stop it first, or choose another run=NAME"
            raise RunError(f"run {name!r} is running", where=str(paths.path), hint=hint)

    def _named(self, name: str, force: bool) -> tuple[RunPaths, Path | None]:
        """Claim a name; return the folder that it had before, which waits for its removal."""
        paths, old = self.paths.run(name), None
        if os.path.lexists(paths.path):
            self._check_replaceable(name, force)
            old = self.paths.replaced(name, os.urandom(6).hex())
            os.rename(paths.path, old)
        else:
            self._require_not_trashed(name)
        self.numbers.raise_mark(number_of(name))
        try:
            paths.path.mkdir()
        except FileExistsError as cause:
            raise RunError(f"run {name!r} exists already", where=str(self.path)) from cause
        return paths, old

    def _settle_replaced(self) -> None:
        """Finish what a process killed while replacing left: put back, or remove."""
        for entry in os.listdir(self.paths.private):
            name = replaced_name(entry)
            if name is None:
                continue
            if os.path.lexists(self.path / name):
                shutil.rmtree(self.paths.private / entry, ignore_errors=True)
            else:
                os.rename(self.paths.private / entry, self.path / name)


def _is_run(paths: RunPaths) -> bool:
    """Tell a run folder, or one that was claimed and never filled, from a person's own."""
    if not paths.path.is_dir():
        return False
    if paths.status.exists() or paths.segments.is_dir():
        return True
    with suppress(FileNotFoundError):  # deleted meanwhile
        return not any(paths.path.iterdir())
    return False
