"""Find runs in a trash, and show them."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stride.tables.table import Column, Table
from stride.tables.words import age, byte_size
from stride_cli.keeping.chosen_runs import place_of
from stride_cli.output import print_table

if TYPE_CHECKING:
    from stride.runs.keeping.trash import Trash, Trashed

Found = list[tuple["Trash", "Trashed"]]


def find_trashed(places: Sequence[str]) -> Found:
    """Return the runs in the trashes of work_dirs, and those addressed as W/RUN, each once.

    Raises:
        RunError: there is no such run, or no work_dir.
    """
    found = [pair for place in places for pair in _find(Path(place))]
    return [*{place_of(entry.path): (trash, entry) for trash, entry in found}.values()]


def whole_trashes(places: Sequence[str]) -> "list[Trash]":
    """Return the trashes that are meant as a whole, each once."""
    from stride.runs.keeping.trash import Trash

    found = [Trash(place) for place in places if is_whole(Path(place))]
    return [*{place_of(trash.paths.trash): trash for trash in found}.values()]


def _find(place: Path) -> Found:
    from stride.runs.keeping.trash import Trash

    if is_whole(place):
        trash = Trash(place)
        return [(trash, entry) for entry in trash.entries()]
    trash = Trash(place.parent)
    return [(trash, trash.find(place.name))]


def is_whole(place: Path) -> bool:
    """Tell whether a path means all of a trash: that of the work_dir which it leads to."""
    from stride.runs.listing.places import is_work_dir

    return place.name in ("", "..") or is_work_dir(place)


def records(found: Found) -> list[dict[str, Any]]:
    """Return what is known of runs in a trash, as JSON."""
    from stride.runs.keeping.sizes import folder_size

    return [
        {
            "run": entry.name,
            "uuid": row.uuid,
            "status": row.state,
            "removed": entry.moment,
            "size": folder_size(entry.path),
            "trash": str(entry.path),
        }
        for _, entry in found
        for row in [entry.row()]
    ]


def print_trashed(found: Found, shown: Sequence[dict[str, Any]]) -> None:
    """Print a line for each run in a trash."""
    now = time.time()
    columns = [
        Column("run", str),
        Column("removed", age, numeric=True),
        Column("status", str),
        Column("size", byte_size, numeric=True),
        Column("uuid", str),
    ]
    lines = [
        [
            trash.paths.path / entry.name,
            now - one["removed"],
            one["status"],
            one["size"],
            one["uuid"] and one["uuid"][:8],
        ]
        for (trash, entry), one in zip(found, shown, strict=True)
    ]
    print_table(Table(columns, lines))
