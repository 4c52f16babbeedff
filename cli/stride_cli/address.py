"""Find the run that a path on the command line names."""

from os.path import isdir, lexists  # those of Path raise where reading is not permitted
from pathlib import Path


def find(text: str) -> Path:
    """Return the folder of a run addressed as W/3, W/name, W/latest or W/best.

    Raises:
        RunError: there is no such run, or the folder is not one.
    """
    from stride.errors import RunError
    from stride.runs.listing.rows import is_run_folder
    from stride.runs.work_dir import WorkDir

    path = Path(text)
    if path.name in ("", ".."):
        path = path.resolve()
    folder = WorkDir(path.parent).find(path.name)
    if is_work_dir(folder):
        raise RunError(f"{text} is a work_dir, not a run", hint=f"type: {path / 'latest'}")
    if not is_run_folder(folder):
        raise RunError(f"{text} is not a run folder", hint=f"type: stride ls {path.parent}")
    return folder


def find_together(text: str) -> Path:
    """Return the folder of a run that all processes of a launcher are to train, as `find` does.

    A process that does not find it tells the others, which would wait for it.

    Raises:
        RunError: as `find`.
    """
    from stride.distributed import world_size

    if world_size() == 1:
        return find(text)
    from stride.trainer.process_group import broadcast_user_errors

    with broadcast_user_errors():
        return find(text)


def is_run(text: str) -> bool:
    """Say whether a path names a run, by its files or by a selector, and not a work_dir."""
    from stride.runs.layout import RESERVED_NAMES, RunPaths

    paths = RunPaths(Path(text))
    return paths.name in RESERVED_NAMES or any(map(lexists, (paths.status, paths.segments)))


def is_work_dir(folder: Path) -> bool:
    """Tell whether a folder holds runs: a copy of some need not have the hidden folder of all."""
    from stride.errors import RunError
    from stride.runs.layout import WorkDirPaths
    from stride.runs.listing.rows import is_run_folder

    if isdir(WorkDirPaths(folder).private):
        return True
    if is_run_folder(folder):
        return False
    from stride.runs.listing.query import folder_names

    try:
        return any(is_run_folder(folder / name) for name in folder_names(folder))
    except RunError:  # nothing is there, or reading is not permitted
        return False
