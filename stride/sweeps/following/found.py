"""Find the sweeps of a work_dir."""

import os
from pathlib import Path

from stride.errors import UserError, nearest
from stride.runs.layout import SweepPaths, WorkDirPaths
from stride.runs.run_names import is_name
from stride.visible import quoted


def checked_sweep_name(name: str) -> str:
    """Return a sweep's name, whose folder is called so.

    Raises:
        UserError: it is refused; says what to type instead.
    """
    if not is_name(name):
        hint = "letters, digits and _ . + = , @ - only, and no . or - at the beginning"
        raise UserError(f"{name[:40]!r} is not a name for a sweep", where="--name", hint=hint)
    return name


def sweep_names(work_dir: Path) -> list[str]:
    """Return the names of the sweeps of a work_dir, the newest first."""
    paths = WorkDirPaths(work_dir)
    try:
        names = os.listdir(paths.sweeps)
    except OSError:
        return []
    records = {name: paths.sweep(name).record for name in names}
    there = [name for name, record in records.items() if record.is_file()]
    return sorted(there, key=lambda name: (records[name].stat().st_mtime, name), reverse=True)


def find_sweep(work_dir: Path, name: str | None) -> SweepPaths:
    """Return the sweep of a name, or without one the newest.

    Raises:
        UserError: there is none; says which there are.
    """
    known = sweep_names(work_dir)
    if name in known or (known and name is None):
        return WorkDirPaths(work_dir.absolute()).sweep(name or known[0])
    what = f"no sweep in {work_dir}" if name is None else f"no sweep {name!r} in {work_dir}"
    begin = f"type: stride sweep {quoted(work_dir)} --grid KEY=VALUE,VALUE"
    hint = nearest(name or "", known) or (f"there are {', '.join(known)}" if known else begin)
    raise UserError(what, hint=hint)
