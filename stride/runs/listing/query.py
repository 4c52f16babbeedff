"""List the runs of a work_dir and choose among them."""

import os
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import NamedTuple

from stride.errors import RunError
from stride.runs.layout import RunPaths
from stride.runs.listing.index import Index, NoIndex, is_settled, open_index
from stride.runs.listing.rows import RunRow, broken_row, is_run_folder, make_row, read_row
from stride.runs.listing.status_json import (
    Signature,
    creation_time,
    parse_status,
    read_status,
    status_path,
)
from stride.runs.status import CLEAN_END

INDEXED = 200
"""Number of runs from which on an index is kept; fewer are read in less time than it takes."""


class Listing(NamedTuple):
    """Hold the rows of a listing, and how many runs there are in all."""

    rows: list[RunRow]
    total: int


class _Entry(NamedTuple):
    """Hold a run's place in the order of time, and what is known of its row as yet."""

    created: float
    length: int  # of the name: of two runs of one time, 10 comes after 9
    name: str
    row: RunRow | None = None


def list_runs(
    work_dir: str | os.PathLike[str], *, limit: int | None = None, use_index: bool = True
) -> list[RunRow]:
    """Return the rows of a work_dir's runs, newest first; a broken one is a row with its reason.

    Args:
        work_dir: the folder that holds the runs.
        limit: largest number of rows.
        use_index: whether to read through the index in the user's cache folder. The rows are
            the same without it.

    Raises:
        RunError: the work_dir is missing or cannot be read.
    """
    return list_newest(work_dir, limit=limit, use_index=use_index).rows


def list_newest(
    work_dir: str | os.PathLike[str], *, limit: int | None = None, use_index: bool = True
) -> Listing:
    """Return what `list_runs` does, and how many runs there are in all."""
    folder = Path(work_dir)
    names = folder_names(folder)
    index = open_index(folder) if use_index and len(names) >= INDEXED else NoIndex()
    try:
        return read_listing(folder, names, limit, index, time.time())
    finally:
        index.close()


def folder_names(work_dir: Path, *, instead: str = "show") -> list[str]:
    """Return the names of all folders in a work_dir that are not hidden.

    Args:
        work_dir: the folder.
        instead: the command that a run's own folder is for.

    Raises:
        RunError: the work_dir is missing or cannot be read.
    """
    try:
        with os.scandir(work_dir) as entries:
            names = [entry.name for entry in entries if entry.name[0] != "." and _is_folder(entry)]
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        what = "no work_dir here" if missing else f"cannot read this work_dir: {error.strerror}"
        raise RunError(what, where=str(work_dir), hint="type: stride ls WORK_DIR") from error
    if os.path.isfile(RunPaths(work_dir).status):
        hint = f"type: stride {instead} {work_dir}"
        raise RunError("this is a run folder, not a work_dir", where=str(work_dir), hint=hint)
    return names


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link into a folder that may not be looked into: shown with its reason
        return True


def read_listing(
    work_dir: Path, names: Collection[str], limit: int | None, index: Index, now: float
) -> Listing:
    """Return the listing of the folders of these names, reading only what the index knows not.

    Args:
        work_dir: the folder that holds the runs.
        names: names of the folders in it that may be runs.
        limit: largest number of rows.
        index: what earlier listings read.
        now: the time to judge from, in Unix seconds.
    """
    reader = _Reader(work_dir, index, now)
    entries = [entry for name in names if (entry := reader.entry(name)) is not None]
    entries.sort(reverse=True)  # names differ, so that no comparison goes beyond them
    shown = entries[:limit]
    rows = reader.rows(shown)
    index.save(reader.fresh, names, {entry.name for entry in shown})
    return Listing(rows, len(entries))


class _Reader:
    """Read the runs of one work_dir at one moment."""

    def __init__(self, work_dir: Path, index: Index, now: float) -> None:
        self._work_dir, self._index, self._now = work_dir, index, now
        self.fresh: dict[str, tuple[Signature, float, bytes]] = {}
        self._contents: dict[str, bytes] = {}
        self._same: set[str] = set()  # whose status.json is still the one that the index knows

    def entry(self, name: str) -> _Entry | None:
        """Return a run's place, or None for a folder that is not a run."""
        path = f"{self._work_dir}{os.sep}{name}"
        created = self._index.created(name, status_path(path))
        if created is not None:
            self._same.add(name)
            return _Entry(created, len(name), name)
        try:
            content, signature = read_status(path)
            created = creation_time(path, content)
        except (OSError, RunError) as error:
            return self._broken(name, error)
        self._contents[name] = content
        if is_settled(signature, self._now):
            self.fresh[name] = (signature, created, content)
        return _Entry(created, len(name), name)

    def _broken(self, name: str, error: OSError | RunError) -> _Entry | None:
        path = self._work_dir / name
        if isinstance(error, OSError) and not is_run_folder(path):
            return None
        row = broken_row(path, error, self._now)
        return _Entry(row.created, len(name), name, row=row)

    def rows(self, entries: Sequence[_Entry]) -> list[RunRow]:
        """Return the rows of these entries."""
        names = [entry.name for entry in entries]
        contents = self._index.contents([name for name in names if name in self._same])
        contents |= {name: self._contents[name] for name in names if name in self._contents}
        return [entry.row or self._row(entry.name, contents.get(entry.name)) for entry in entries]

    def _row(self, name: str, content: bytes | None) -> RunRow:
        path = self._work_dir / name
        with suppress(RunError):
            if content is not None:
                return make_row(path, parse_status(path, content), self._now)
        return read_row(path, self._now)  # the index turns out to be damaged there


def latest_run(work_dir: str | os.PathLike[str]) -> RunRow:
    """Return the newest run of a work_dir, by the time it was created.

    Raises:
        RunError: there is no run, or none that can be read.
    """
    for limit in (1, None):  # only where the newest one is broken are all of them needed
        for row in list_runs(work_dir, limit=limit):
            if row.broken is None:
                return row
    raise RunError("no run here", where=str(work_dir))


def best_run(rows: Iterable[RunRow]) -> RunRow:
    """Return the finished run with the best value of the metric that the runs monitored.

    Raises:
        RunError: no finished run recorded one, or the runs monitored different metrics.
    """
    # The others may have failed at their best value.
    judged = [row for row in rows if row.state in CLEAN_END and _value(row) is not None]
    if not judged:
        raise RunError("no finished run has recorded a monitored metric")
    monitors = sorted({f"{row.monitor} ({row.mode})" for row in judged})
    if len(monitors) > 1:
        what = f"the runs monitored different metrics: {', '.join(monitors)}"
        raise RunError(what, hint="choose a run by its name")
    sign = 1.0 if judged[0].mode == "max" else -1.0
    return max(judged, key=lambda row: (sign * (_value(row) or 0.0), -row.created))


def _value(row: RunRow) -> float | None:
    """Return the best value of the monitored metric; NaN and infinity do not count."""
    value = row.best.get(row.monitor or "")
    return value if value is not None and isfinite(value) and row.mode in ("min", "max") else None
