"""Find the work_dirs that paths name: one, or those below a folder."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from stride.errors import RunError
from stride.runs.layout import RESERVED_NAMES, RunPaths, WorkDirPaths
from stride.runs.listing.query import Listing, folder_names, list_newest
from stride.runs.listing.rows import RunRow, is_run_folder

DEPTH = 4
"""How far below a folder work_dirs are looked for."""


def is_work_dir(folder: Path) -> bool:
    """Tell whether a folder holds runs: a copy of some need not have the hidden folder of all."""
    if os.path.isdir(WorkDirPaths(folder).private):
        return True
    if is_run_folder(folder):
        return False
    try:
        return any(is_run_folder(folder / name) for name in folder_names(folder))
    except RunError:  # nothing is there, or reading is not permitted
        return False


def is_run(place: str | os.PathLike[str]) -> bool:
    """Tell whether a path names a run, by its files or by a selector, and not a work_dir."""
    paths = RunPaths(Path(place))
    return paths.name in RESERVED_NAMES or any(map(os.path.lexists, (paths.status, paths.segments)))


def work_dirs_of(place: str | os.PathLike[str]) -> list[Path]:
    """Return the work_dir that a path names, or those below it; itself where there is none."""
    folder = Path(place)
    return [folder] if is_work_dir(folder) else sorted(_below(folder, DEPTH)) or [folder]


def _below(folder: Path, depth: int) -> Iterator[Path]:
    try:
        names = [] if depth == 0 or is_run_folder(folder) else folder_names(folder)
    except RunError:
        return
    for name in names:
        path = folder / name
        if path.is_symlink():
            continue
        if is_work_dir(path):
            yield path
        else:
            yield from _below(path, depth - 1)


def list_places(places: Iterable[str | os.PathLike[str]], limit: int | None = None) -> Listing:
    """Return the rows of the runs of all work_dirs that are named, newest first.

    Args:
        places: work_dirs, or folders above some.
        limit: largest number of rows.

    Raises:
        RunError: a work_dir is missing or cannot be read.
    """
    work_dirs = dict.fromkeys(path for place in places for path in work_dirs_of(place))
    found = [list_newest(path, limit=limit) for path in work_dirs]
    if len(found) == 1:
        return found[0]
    rows = sorted((row for one in found for row in one.rows), key=_age, reverse=True)
    return Listing(rows[:limit], sum(one.total for one in found))


def _age(row: RunRow) -> tuple[float, int, str, str]:
    return row.created, len(row.name), row.name, str(row.path)
