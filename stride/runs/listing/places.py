"""Find the work_dirs that paths name: one, or those below a folder."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from stride.errors import RunError
from stride.runs.layout import SELECTORS, RunPaths, WorkDirPaths
from stride.runs.listing.query import folder_names, open_catalog
from stride.runs.listing.selection import Chosen, Selection
from stride.runs.run_folder import is_run_folder

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
    return paths.name in SELECTORS or any(map(os.path.lexists, (paths.status, paths.segments)))


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


@contextmanager
def selected(
    places: Iterable[str | os.PathLike[str]], *, whole: bool, use_index: bool = True
) -> Iterator[Selection]:
    """Open all runs of the work_dirs that are named, newest first.

    Args:
        places: work_dirs, or folders above some.
        whole: whether all rows will be asked for, or the first ones alone.
        use_index: whether to read through the index in the user's cache folder.

    Raises:
        RunError: a work_dir is missing or cannot be read.
    """
    work_dirs = dict.fromkeys(path for place in places for path in work_dirs_of(place))
    with ExitStack() as stack:
        catalogs = [
            stack.enter_context(closing(open_catalog(path, whole=whole, use_index=use_index)))
            for path in work_dirs
        ]
        placed = [(entry, catalog) for catalog in catalogs for entry in catalog.entries]
        if len(catalogs) > 1:
            placed.sort(key=lambda pair: pair[0][:3], reverse=True)
        yield Selection(Chosen(entry.name, catalog) for entry, catalog in placed)
