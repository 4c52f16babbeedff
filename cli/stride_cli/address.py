"""Find the run that a path on the command line names."""

from collections.abc import Iterator, Sequence, Sized
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stride.visible import quoted

if TYPE_CHECKING:
    from stride.runs.listing.selection import Chosen, Selection


def find(text: str) -> Path:
    """Return the folder of a run addressed as W/3, W/name, W/latest or W/best.

    Raises:
        RunError: there is no such run, or the folder is not one.
    """
    from stride.errors import RunError
    from stride.runs.listing.places import is_work_dir
    from stride.runs.run_folder import is_run_folder
    from stride.runs.work_dir import WorkDir

    path = Path(text)
    if path.name in ("", ".."):
        path = path.resolve()
    folder = WorkDir(path.parent).find(path.name)
    if is_work_dir(folder):
        raise RunError(f"{text} is a work_dir, not a run", hint=f"type: {quoted(path / 'latest')}")
    if not is_run_folder(folder):
        raise RunError(f"{text} is not a run folder", hint=f"type: stride ls {quoted(path.parent)}")
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


@contextmanager
def select(places: Sequence[str], where: str | None = None) -> Iterator["Selection"]:
    """Open the runs that are named, a work_dir standing for all of its runs, and asked for.

    Args:
        places: runs, work_dirs, or folders above some; of a work_dir the oldest run comes first.
        where: a query that has to hold.

    Raises:
        UserError: there is no such run, or the query is wrong.
    """
    from stride.runs.listing.places import is_run, is_work_dir, selected, work_dirs_of
    from stride.runs.listing.rows.read import read_row
    from stride.runs.listing.selection import GivenRows, Selection

    with ExitStack() as stack:
        runs: list[Chosen] = []
        for place in places:
            if not is_run(place) and any(map(is_work_dir, work_dirs_of(place))):
                found = stack.enter_context(selected([place], whole=True))
                runs += reversed(found.runs)
            else:
                row = read_row(find(place))
                runs += GivenRows(row.path.parent, [row]).runs
        selection = Selection({str(run.path): run for run in runs}.values())
        if where is not None and len(selection):
            selection.where(where)
        yield selection


def require_runs(found: Sized, places: Sequence[str], where: str | None) -> None:
    """Refuse to go on with nothing.

    Args:
        found: the runs that were selected.
        places: as they were typed.
        where: the query, None where there was none.

    Raises:
        UserError: there are no runs.
    """
    from stride.errors import UserError

    if not len(found):
        what = f"no runs in {' '.join(places)}" + ("" if where is None else f" where {where}")
        raise UserError(what, hint=f"type: stride ls {quoted(places[0])}")
