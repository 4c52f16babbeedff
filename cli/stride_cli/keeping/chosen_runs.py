"""Find the runs that are meant by paths and a query."""

import os
from collections.abc import Sequence
from pathlib import Path

from stride.visible import quoted
from stride_cli.address import find, select


def chosen_runs(places: Sequence[str], where: str | None) -> list[Path]:
    """Return the folders of the runs that are named, of whole work_dirs by a query alone.

    All are found before anything is done to one of them, and none twice, however it is addressed.

    Raises:
        UserError: there is no such run, a work_dir without a query, or a run whose tags the query
            asks for and which cannot be read: it may be one that is to be kept.
    """
    if where is None:
        found = [*map(_folder, places)]
    else:
        with select(places, where) as selection:
            found = [run.path for run in selection.runs]
        _require_tags(found, where)
    once: dict[tuple[str, str], Path] = {}
    for folder in found:
        once.setdefault(place_of(folder), folder)
    return [*once.values()]


def place_of(folder: Path) -> tuple[str, str]:
    """Return where a folder is, by whatever path or link to its parent it is addressed."""
    return os.path.realpath(folder.parent), folder.name


def _require_tags(found: Sequence[Path], where: str) -> None:
    """Refuse runs that a query chose by tags or a note which cannot be read."""
    from stride.runs.layout import RunPaths
    from stride.runs.tags.tags_json import read_tags
    from stride.runs.where.parse import names_in, parse

    if found and names_in(parse(where)) & {"tag", "note"}:
        for folder in found:
            read_tags(RunPaths(folder))


def _folder(place: str) -> Path:
    from stride.errors import RunError
    from stride.runs.listing.places import is_run, is_work_dir

    if not is_run(place) and is_work_dir(Path(place)):
        hint = f"type: {quoted(place)}/RUN, or --where 'status == failed'"
        raise RunError(f"{place} is a work_dir, not a run", hint=hint)
    return find(place)
