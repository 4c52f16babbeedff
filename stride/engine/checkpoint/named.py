"""Find a checkpoint of a run by what a person calls it."""

from pathlib import Path
from typing import Any

from stride.errors import RunError, nearest
from stride.runs.files.atomic import read_record
from stride.runs.layout import CheckpointPaths
from stride.runs.records.checkpoint import CheckpointIndex
from stride.runs.run import Run


def find_checkpoint(run: Run, at: str) -> Path:
    """Return the folder of a run's checkpoint.

    Args:
        run: the run.
        at: `best`, `last`, a checkpoint's name, or the number of its step.

    Raises:
        RunError: there is no such checkpoint.
    """
    folders = {folder.name: folder for folder in run.checkpoints()}
    if not folders:
        raise RunError("the run has no checkpoint", where=str(run.path))
    if at == "last":
        return list(folders.values())[-1]
    name = _best(run) if at == "best" else at
    steps = {str(_step(folder)): folder for folder in folders.values()}
    found = folders.get(name) or steps.get(name)
    if found is None:
        hint = nearest(name, folders) or f"type one of: best, last, {', '.join(folders)}"
        raise RunError(f"no checkpoint {at!r}", where=str(run.path), hint=hint)
    return found


def _best(run: Run) -> str:
    return str(CheckpointIndex.read(run.paths.checkpoint_index).best)


def _step(folder: Path) -> Any:
    return read_record(CheckpointPaths(folder).record).get("step")
