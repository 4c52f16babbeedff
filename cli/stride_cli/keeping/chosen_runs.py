"""Find the runs that are meant by paths and a query."""

from collections.abc import Sequence
from pathlib import Path

from stride_cli.address import find, is_run, is_work_dir


def chosen_runs(places: Sequence[str], where: str | None) -> list[Path]:
    """Return the folders of runs, and of work_dirs those of the runs for which a query holds.

    All are found before anything is done to one of them.

    Raises:
        UserError: a place is neither; or there is no query for a work_dir, or one for a run.
    """
    found = [folder for place in places for folder in _folders(place, where)]
    return list({folder.resolve(): folder for folder in found}.values())


def _folders(place: str, where: str | None) -> list[Path]:
    from stride.errors import UserError

    if is_run(place) or not is_work_dir(Path(place)):
        folder = find(place)
        if where is not None:
            what = f"--where chooses among the runs of a work_dir, and {place} is a run"
            raise UserError(what, hint=f"type: {folder.parent}")
        return [folder]
    if where is None:
        hint = f"type: {place}/RUN, or --where 'status == failed'"
        raise UserError(f"{place} is a work_dir, not a run", hint=hint)
    return _selected(place, where)


def _selected(work_dir: str, where: str) -> list[Path]:
    from stride.runs.listing.query import list_runs
    from stride.runs.listing.selection import Selection

    rows = list_runs(work_dir)
    if not rows:  # where there is no run, no name is known
        return []
    selection = Selection(rows)
    selection.where(where)
    return [row.path for row in selection.rows]
