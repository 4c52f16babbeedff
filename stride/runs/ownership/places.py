"""Know which places of a run folder are the run's own to change.

The user may have put a link in the place of `checkpoints`, to a disk with more room. What lies
there is the run's where its record says so, or the index where the record is of an older format;
nothing else is replaced or deleted. No other folder of a run may be a link out.
"""

import os
from contextlib import suppress
from pathlib import Path

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.files.safe_open import require_inside, require_own
from stride.runs.layout import CheckpointPaths, RunPaths
from stride.runs.streams import streams

_HINT = "let `checkpoints` lead to a folder of this run's own, or remove the link"


def require_own_places(paths: RunPaths, uuid: str) -> None:
    """Refuse to resume a run in which what is written in place is not its own.

    Args:
        paths: the run.
        uuid: the run's own.

    Raises:
        RunError: a folder or a file is a link out, or no file; or `checkpoints` leads to those of
            another run.
    """
    own = (paths.segments, paths.logs, paths.artifacts, paths.milestones, paths.replay)
    for folder in (*own, paths.tensorboard, paths.wandb):
        require_inside(str(folder), str(paths.path))
    tables = (paths.metrics_csv, paths.errors_csv)
    for file in (*streams(paths), *tables, *sorted(paths.logs.glob("rank*.log"))):
        if os.path.lexists(file):
            require_own(file)
    for name in paths.checkpoint_names() if paths.checkpoints.is_symlink() else ():
        if _uuid_in(paths.checkpoint(name)) not in (None, uuid):
            what = f"{paths.checkpoints.name} is a link to a folder with {name} of another run"
            raise RunError(what, where=str(paths.checkpoints), hint=_HINT)


def is_owned(paths: RunPaths, folder: Path, uuid: str) -> bool:
    """Tell whether a folder is the run's to replace and delete.

    Args:
        paths: the run.
        folder: one of its folders, or one behind the link `checkpoints`.
        uuid: the run's own.
    """
    if folder.parent != paths.checkpoints or not paths.checkpoints.is_symlink():
        return True
    found = _uuid_in(CheckpointPaths(folder))
    return found == uuid if found is not None else folder.name in _listed(paths)


def require_free(paths: RunPaths, folder: Path, uuid: str) -> None:
    """Refuse a place in which there is a folder that `holds` does not know for the run's.

    Raises:
        RunError: there is.
    """
    if os.path.lexists(folder) and not is_owned(paths, folder, uuid):
        what = f"{folder.name} is there already, and not known to be this run's"
        raise RunError(what, where=str(folder), hint=_HINT)


def _uuid_in(checkpoint: CheckpointPaths) -> str | None:
    """Return of which run a checkpoint is by its record; None where that does not tell."""
    with suppress(RunError):
        return read_record(checkpoint.record).get("uuid")
    return None


def _listed(paths: RunPaths) -> set[str]:
    """Return the checkpoints that the run's index names."""
    with suppress(RunError, AttributeError, TypeError):
        entries = read_record(paths.checkpoint_index).get("entries", [])
        return {str(entry.get("name")) for entry in entries}
    return set()
