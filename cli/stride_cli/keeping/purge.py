"""`stride purge`."""

import time
from collections.abc import Sequence

from stride.tables.words import byte_size
from stride_cli.keeping.confirm import and_left, is_confirmed
from stride_cli.keeping.trashed_runs import find_trashed, print_trashed, records, whole_trashes
from stride_cli.output import tell


def run(places: Sequence[str], older: str | None, *, dry_run: bool, yes: bool) -> None:
    """Show what is in the trash, and delete it."""
    from stride.runs.keeping.sizes import folder_size

    before = time.time() - _seconds(older) if older is not None else None
    found = find_trashed(places)
    found = [pair for pair in found if before is None or pair[1].moment < before]
    trashes = {trash.paths.path: trash for trash in whole_trashes(places)}
    left = sum(folder_size(path) for trash in trashes.values() for path in trash.left())
    if not found and not left:
        since = f" before {older}" if older is not None else ""
        tell(f"nothing in the trash of {', '.join(places)}{since}")
        return
    shown = records(found)
    if found:
        print_trashed(found, shown)
    number, total = len(found), byte_size(sum(one["size"] for one in shown))
    what = f"{number:,} run{'' if number == 1 else 's'}, {total}{and_left(left)}"
    if dry_run:
        tell(f"{what}: nothing was deleted")
    elif is_confirmed(f"{what}: delete for good?", yes=yes):
        for trash in (trashes | {trash.paths.path: trash for trash, _ in found}).values():
            trash.purge(e for t, e in found if t.paths.path == trash.paths.path)
        tell(f"{what}: deleted")
    else:
        tell("nothing was deleted")


def _seconds(older: str) -> float:
    """Return the seconds of an age.

    Raises:
        UserError: it is none.
    """
    from stride.durations import seconds_of
    from stride.errors import UserError

    seconds = seconds_of(older)
    if seconds is None or seconds < 0:
        raise UserError(f"{older!r} is not an age", where="--older", hint="type: 30d, 12h, 90m")
    return seconds
