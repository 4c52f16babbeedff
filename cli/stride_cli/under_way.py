"""Tell whether a run that is followed is still under way."""

import time
from pathlib import Path

JOB_PAUSE = 5.0  # seconds between two questions to SLURM


def goes_on(folder: Path) -> bool:
    """Tell whether the run will write more by itself: it is queued, made, trained or requeued."""
    from stride.runs.layout import RunPaths
    from stride.runs.status import ACTIVE, current_state

    state = current_state(RunPaths(folder))[0]
    if state == "interrupted":
        return _is_requeued(folder)
    return state in ACTIVE or state == "queued"


def _is_requeued(folder: Path) -> bool:
    """Tell whether SLURM has a job that takes the run up again."""
    from stride.runs.jobs import recorded_job
    from stride.runs.layout import RunPaths

    if recorded_job(RunPaths(folder)) is None:
        return False

    from stride.errors import StrideError
    from stride.launch.jobs import job_states

    try:
        requeued = not all(state.endswith(" gone") for state in job_states([folder]).values())
    except StrideError:  # SLURM is not here
        return False
    if requeued:
        time.sleep(JOB_PAUSE)
    return requeued
