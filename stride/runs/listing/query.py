"""List the runs of a work_dir and choose among them."""

import os
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from math import isfinite
from pathlib import Path
from typing import NamedTuple

from stride.errors import RunError
from stride.runs.layout import RunPaths
from stride.runs.listing.catalog import Catalog
from stride.runs.listing.index import Index, NoIndex, open_index
from stride.runs.listing.rows.row import RunRow
from stride.runs.status import CLEAN_END

INDEXED = 200
"""Number of runs from which on an index is kept; fewer are read in less time than it takes."""


class Listing(NamedTuple):
    """Hold the rows of a listing, and how many runs there are in all."""

    rows: list[RunRow]
    total: int


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
    return read_listing(folder, names, limit, _index(folder, names, use_index), time.time())


def open_catalog(
    work_dir: Path, *, whole: bool, use_index: bool = True, now: float | None = None
) -> Catalog:
    """Return the runs of a work_dir as they are now; it has to be closed.

    Args:
        work_dir: the folder that holds the runs.
        whole: whether all rows will be asked for.
        use_index: as of `list_runs`.
        now: the time to judge from, in Unix seconds.

    Raises:
        RunError: the work_dir is missing or cannot be read.
    """
    names = folder_names(work_dir)
    moment = time.time() if now is None else now
    return Catalog(work_dir, names, _index(work_dir, names, use_index), moment, whole=whole)


def _index(work_dir: Path, names: Sequence[str], use_index: bool) -> Index:
    return open_index(work_dir) if use_index and len(names) >= INDEXED else NoIndex()


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
        index: what earlier listings read; it is closed.
        now: the time to judge from, in Unix seconds.
    """
    catalog = Catalog(work_dir, names, index, now, whole=limit is None)
    with closing(catalog):
        rows = [catalog.facts(entry.name).row for entry in catalog.entries[:limit]]
        return Listing(rows, len(catalog.entries))


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


def best_of(work_dir: str | os.PathLike[str]) -> RunRow:
    """Return the best run of a work_dir, as `best_run` does, one row in memory at a time.

    Raises:
        RunError: as `best_run`; or the work_dir is missing or cannot be read.
    """
    with closing(open_catalog(Path(work_dir), whole=True)) as catalog:
        return best_run(catalog.facts(entry.name).row for entry in catalog.entries)


def best_run(rows: Iterable[RunRow]) -> RunRow:
    """Return the finished run with the best value of the metric that the runs monitored.

    Raises:
        RunError: no finished run recorded one, or the runs monitored different metrics.
    """
    best: dict[str, RunRow] = {}
    for row in rows:
        # The others may have failed at their best value.
        if row.state in CLEAN_END and _value(row) is not None:
            monitor = f"{row.monitor} ({row.mode})"
            best[monitor] = max(best.get(monitor, row), row, key=_rank)
    if not best:
        raise RunError("no finished run has recorded a monitored metric")
    if len(best) > 1:
        what = f"the runs monitored different metrics: {', '.join(sorted(best))}"
        raise RunError(what, hint="choose a run by its name")
    return next(iter(best.values()))


def _rank(row: RunRow) -> tuple[float, float]:
    """Return a key by which runs with one monitor have an order; of equals the first is best."""
    sign = 1.0 if row.mode == "max" else -1.0
    return sign * (_value(row) or 0.0), -row.created


def _value(row: RunRow) -> float | None:
    """Return the best value of the monitored metric; NaN and infinity do not count."""
    value = row.best.get(row.monitor or "")
    return value if value is not None and isfinite(value) and row.mode in ("min", "max") else None
