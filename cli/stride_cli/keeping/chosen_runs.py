"""Find the runs that are meant by paths and a query."""

from collections.abc import Sequence
from pathlib import Path

from stride_cli.address import find, select


def chosen_runs(places: Sequence[str], where: str | None) -> list[Path]:
    """Return the folders of the runs that are named, of whole work_dirs by a query alone.

    All are found before anything is done to one of them.

    Raises:
        UserError: there is no such run, or a work_dir without a query.
    """
    if where is not None:
        with select(places, where) as selection:
            return [run.path for run in selection.runs]
    return list(dict.fromkeys(map(_folder, places)))


def _folder(place: str) -> Path:
    from stride.errors import RunError
    from stride.runs.listing.places import is_run, is_work_dir

    if not is_run(place) and is_work_dir(Path(place)):
        hint = f"type: {place}/RUN, or --where 'status == failed'"
        raise RunError(f"{place} is a work_dir, not a run", hint=hint)
    return find(place)
