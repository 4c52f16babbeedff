"""Find the run that a path on the command line names."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stride.runs.listing.rows import RunRow
    from stride.runs.listing.selection import Selection


def find(text: str) -> Path:
    """Return the folder of a run addressed as W/3, W/name, W/latest or W/best.

    Raises:
        RunError: there is no such run, or the folder is not one.
    """
    from stride.errors import RunError
    from stride.runs.listing.places import is_work_dir
    from stride.runs.listing.rows import is_run_folder
    from stride.runs.work_dir import WorkDir

    path = Path(text)
    if path.name in ("", ".."):
        path = path.resolve()
    folder = WorkDir(path.parent).find(path.name)
    if is_work_dir(folder):
        raise RunError(f"{text} is a work_dir, not a run", hint=f"type: {path / 'latest'}")
    if not is_run_folder(folder):
        raise RunError(f"{text} is not a run folder", hint=f"type: stride ls {path.parent}")
    return folder


def find_together(text: str) -> Path:
    """Return the folder of a run that all processes of a launcher are to train, as `find` does.

    A process that does not find it tells the others, which would wait for it.

    Raises:
        RunError: as `find`.
    """
    from stride.distributed import world_size

    if world_size() == 1:
        return find(text)
    from stride.trainer.process_group import broadcast_user_errors

    with broadcast_user_errors():
        return find(text)


def select(places: Sequence[str], where: str | None = None) -> "Selection":
    """Return the runs that are named, a work_dir standing for all of its runs, and asked for.

    Args:
        places: runs, work_dirs, or folders above some.
        where: a query that has to hold.

    Raises:
        UserError: there is no such run, or the query is wrong.
    """
    from stride.runs.listing.selection import Selection

    selection = Selection(_rows(places))
    if where is not None and selection.facts:
        selection.where(where)
    return selection


def _rows(places: Sequence[str]) -> list["RunRow"]:
    """Return the rows in the order of the places, of a work_dir's runs the oldest first."""
    from stride.runs.listing.places import is_run, is_work_dir, list_places, work_dirs_of
    from stride.runs.listing.rows import read_row

    rows: dict[Path, RunRow] = {}
    for place in places:
        work_dirs = [] if is_run(place) else work_dirs_of(place)
        if any(map(is_work_dir, work_dirs)):
            rows |= {row.path: row for row in reversed(list_places(work_dirs).rows)}
        else:
            folder = find(place)
            rows.setdefault(folder, read_row(folder))
    return list(rows.values())
