"""`stride restore`."""

from collections.abc import Sequence
from pathlib import Path

from stride.visible import quoted
from stride_cli.keeping.trashed_runs import Found, find_trashed, is_whole, print_trashed, records
from stride_cli.output import print_json, print_path, tell


def run(places: Sequence[str], *, last: bool, name: str | None, json: bool) -> None:
    """Bring runs back and print their folders, or list what could be."""
    from stride.errors import UserError

    found = find_trashed(places)
    if all(is_whole(Path(place)) for place in places) and not last:
        shown = records(found)
        if json:
            print_json(shown)
        elif found:
            print_trashed(found, shown)
        else:
            tell(f"nothing in the trash of {', '.join(places)}")
        return
    if last:
        found = _latest(found)
    elif any(is_whole(Path(place)) for place in places):
        raise UserError("a whole trash and single runs", hint="type: W/RUN..., or W --last")
    if name is not None and len(found) != 1:
        raise UserError(f"--as is the name of one run, and {len(found)} are meant")
    if not found:
        tell(f"nothing in the trash of {', '.join(places)}")
    _check(found, name)
    folders = _restored(found) if name is None else [t.restore(one, name) for t, one in found]
    if json:
        print_json([{"run": folder.name, "path": str(folder)} for folder in folders])
    else:
        for folder in folders:
            print_path(folder)


def _restored(found: Found) -> list[Path]:
    """Bring runs back, those of one work_dir at once."""
    together: dict[Path, Found] = {}
    for trash, entry in found:
        together.setdefault(trash.paths.path, []).append((trash, entry))
    return [
        folder
        for some in together.values()
        for folder in some[0][0].restore_all(entry for _, entry in some)
    ]


def _check(found: Found, name: str | None) -> None:
    """Refuse all where one cannot come back, before any does.

    Raises:
        RunError: says of the first why.
        UserError: two would get one name.
    """
    from stride.errors import UserError

    taken: set[Path] = set()
    for trash, entry in found:
        place = trash.check_restore(entry, name)
        if place in taken:
            hint = f"bring one of them back by: stride restore {quoted(place)} --as NAME"
            raise UserError(f"two runs would be {place.name!r}", where=str(place), hint=hint)
        taken.add(place)


def _latest(found: Found) -> Found:
    """Return of each work_dir the runs that went last, at one moment."""
    newest: dict[Path, float] = {}
    for trash, entry in found:
        newest[trash.paths.path] = max(entry.moment, newest.get(trash.paths.path, 0.0))
    return [(trash, entry) for trash, entry in found if entry.moment == newest[trash.paths.path]]
