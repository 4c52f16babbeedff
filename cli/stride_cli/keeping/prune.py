"""`stride prune`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stride.tables.table import Column, Table
from stride.tables.words import byte_size
from stride_cli.keeping.chosen_runs import chosen_runs
from stride_cli.keeping.confirm import and_left, is_confirmed
from stride_cli.keeping.queued_jobs import require_no_jobs
from stride_cli.output import print_json, print_table, tell

if TYPE_CHECKING:
    from stride.runs.keeping.prune import Pruning


def run(
    places: Sequence[str],
    where: str | None,
    keep: str,
    *,
    dry_run: bool,
    yes: bool,
    json: bool,
) -> None:
    """Show which checkpoints go and how large they are, and delete them."""
    from stride.runs.keeping.prune import Keep, plan, prune, require_unneeded
    from stride.runs.keeping.sizes import folder_size
    from stride.runs.layout import RunPaths

    kept = Keep.parse(keep)
    folders = chosen_runs(places, where)
    require_no_jobs(folders)
    plans = [plan(RunPaths(folder), kept) for folder in folders]
    require_unneeded(plans)
    sizes = {one.paths.path: _sizes(one) for one in plans}
    total = sum(gone for gone, _ in sizes.values())
    left = sum(folder_size(folder) for one in plans for folder in one.left)
    number = sum(len(one.names) for one in plans)
    what = f"{number:,} checkpoint{'' if number == 1 else 's'}, {byte_size(total)}{and_left(left)}"
    if not json and plans:
        _print(plans, sizes)
    if dry_run or not (number or left):
        tell(f"{what}: nothing was deleted")
    elif is_confirmed(f"{what}: delete for good?", yes=yes):
        for one in plans:
            prune(one)
        tell(f"{what}: deleted")
    else:
        tell("nothing was deleted")
    if json:
        print_json(
            [
                {
                    "run": one.paths.name,
                    "path": str(one.paths.path),
                    "deleted": list(one.names),
                    "kept": list(one.kept),
                    "size": sizes[one.paths.path][0],
                }
                for one in plans
            ]
        )


def _sizes(pruning: "Pruning") -> tuple[int, int]:
    """Return the bytes that go, and those that stay."""
    from stride.runs.keeping.sizes import folder_size

    kept = [pruning.paths.checkpoint(name).path for name in pruning.kept]
    return sum(map(folder_size, pruning.folders())), sum(map(folder_size, kept))


def _print(plans: Sequence["Pruning"], sizes: Mapping[Path, tuple[int, int]]) -> None:
    """Print a line for each run of which something goes."""
    columns = [Column("run", str)]
    columns += [Column("deleted", str, numeric=True), Column("size", byte_size, numeric=True)]
    columns += [Column("kept", str, numeric=True), Column("size", byte_size, numeric=True)]
    lines = []
    for one in plans:
        deleted, kept = sizes[one.paths.path]
        lines.append([one.paths.path, len(one.names), deleted, len(one.kept), kept])
    if lines := [line for line in lines if line[1]]:
        print_table(Table(columns, lines))
