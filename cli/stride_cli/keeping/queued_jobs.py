"""Know the runs that a job of SLURM will go on with, though no process works on them now."""

import os
from collections.abc import Sequence
from pathlib import Path

from stride.visible import quoted
from stride_cli.output import tell


def require_no_jobs(folders: Sequence[Path]) -> None:
    """Refuse a run whose job SLURM has, as one that was requeued; asked where a run names a job.

    Raises:
        RunError: it is; says what to type.
    """
    from stride.runs.layout import RunPaths
    from stride.runs.listing.rows.read import read_row
    from stride.runs.status import CLEAN_END

    with_job = [f for f in folders if os.path.lexists(RunPaths(f).job)]  # False of a closed folder
    named = [f for f in with_job if read_row(f).state not in CLEAN_END]
    if not named:
        return
    from stride.errors import RunError
    from stride.launch.jobs import job_states
    from stride.launch.slurm import SlurmError

    try:
        states = job_states(named)
    except SlurmError as error:
        tell(f"whether jobs of these runs are queued is not known: {error}")
        return
    for folder, state in states.items():
        if not state.endswith("gone"):
            what = f"run {folder.name} has a job: {state}"
            raise RunError(what, where=str(folder), hint=f"type: stride cancel {quoted(folder)}")
