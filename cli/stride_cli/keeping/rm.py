"""`stride rm`."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from stride.tables.table import Column, Table
from stride.tables.words import byte_size
from stride.visible import quoted
from stride_cli.keeping.chosen_runs import chosen_runs
from stride_cli.keeping.queued_jobs import require_no_jobs
from stride_cli.output import print_json, print_table, tell

if TYPE_CHECKING:
    from stride.runs.keeping.trash import Trash


def run(places: Sequence[str], where: str | None, *, dry_run: bool, json: bool) -> None:
    """Move runs into the trash, and say how they come back."""
    from stride.runs.keeping.sizes import folder_size
    from stride.runs.keeping.trash import Trash
    from stride.runs.listing.rows.read import read_row

    folders = chosen_runs(places, where)
    together = [(Trash(w), [*runs]) for w, runs in groupby(sorted(folders, key=_place), _place)]
    require_no_jobs(folders)
    for trash, runs in together if dry_run or len(together) > 1 else ():
        trash.check(runs)  # all of them before one is moved
    sizes = {folder: folder_size(folder) for folder in folders}
    lines = [[f, read_row(f).state, sizes[f]] for f in folders]
    there: dict[Path, str] = {}
    for trash, runs in together if not dry_run else ():
        moved = trash.throw_away(runs)
        there |= {run: str(one.path) for run, one in zip(runs, moved, strict=True)}
    if json:
        print_json(
            [
                {"run": f.name, "path": str(f), "size": sizes[f], "trash": there.get(f)}
                for f in folders
            ]
        )
    elif not folders:
        tell(f"no runs in {', '.join(places)} where {where}")
    else:
        size = Column("size", byte_size, numeric=True)
        print_table(Table([Column("run", str), Column("status", str), size], lines))
        total = f"{_counted(len(folders))}, {byte_size(sum(sizes.values()))}"
        if dry_run:
            tell(f"{total}: nothing was moved")
        else:
            tell(f"{total}: in the trash; to bring back: {_way_back(together)}")


def _place(folder: Path) -> Path:
    return folder.parent


def _way_back(together: Sequence[tuple["Trash", list[Path]]]) -> str:
    """Return the command that undoes it."""
    if sum(len(runs) for _, runs in together) == 1:
        return f"stride restore {quoted(together[0][1][0])}"
    work_dirs = [runs[0].parent for _, runs in together]
    return f"stride restore {' '.join(map(quoted, work_dirs))} --last"


def _counted(number: int) -> str:
    return f"{number:,} run{'' if number == 1 else 's'}"
