"""`stride prune`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stride_cli.formatting import byte_size
from stride_cli.keeping.chosen_runs import chosen_runs
from stride_cli.keeping.confirm import is_confirmed
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
    from stride.runs.keeping.prune import Keep, plan, prune
    from stride.runs.layout import RunPaths

    kept = Keep.parse(keep)
    plans = [plan(RunPaths(folder), kept) for folder in chosen_runs(places, where)]
    sizes = {one.paths.path: _sizes(one) for one in plans}
    total = sum(gone for gone, _ in sizes.values())
    number = sum(len(one.names) for one in plans)
    what = f"{number:,} checkpoint{'' if number == 1 else 's'}, {byte_size(total)}"
    if not json and plans:
        _print(plans, sizes)
    if dry_run or not number:
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
    cells = [
        [
            str(one.paths.path),
            str(len(one.names)),
            byte_size(sizes[one.paths.path][0]),
            str(len(one.kept)),
            byte_size(sizes[one.paths.path][1]),
        ]
        for one in plans
        if one.names
    ]
    if cells:
        print_table(["run", "deleted", "size", "kept", "size"], cells, right=[1, 2, 3, 4])
