"""Know the job of a launcher: that of this process, and that of a run."""

import os
import re
from contextlib import suppress

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.layout import RunPaths
from stride.runs.records.job import SLURM_ID, JobRecord
from stride.runs.status import newest_segment


def job() -> str | None:
    """Return by which name a restarted process finds the run of its job."""
    elastic = os.environ.get("TORCHELASTIC_RUN_ID", "none")  # c10d's default, which names nothing
    return os.environ.get("SLURM_JOB_ID") or (None if elastic == "none" else elastic)


def starts_again() -> bool:
    """Tell whether this process may be a further start by its launcher.

    SLURM says that it has requeued a job; torchrun gives the id of its group to each start.
    """
    requeued = os.environ.get("SLURM_RESTART_COUNT", "0") not in ("", "0")
    return requeued or "TORCHELASTIC_RUN_ID" in os.environ


def has_unnamed_group() -> bool:
    """Tell whether torchrun gave its processes no id by which they find their run again."""
    return job() is None and "TORCHELASTIC_RUN_ID" in os.environ


def is_of_job(paths: RunPaths, name: str | None) -> bool:
    """Tell whether a job of that name wrote a run's newest segment."""
    newest = newest_segment(paths)
    if name is None or newest is None:
        return False
    return read_record(paths.segment(newest)).get("job") == name


def recorded_job(paths: RunPaths) -> str | None:
    """Return SLURM's job that was submitted for a run, or started for it by hand since then.

    None where the records name none, in the form that SLURM gives its jobs: whoever may write in
    the folder is not to say what SLURM's commands are asked.
    """
    with suppress(RunError, TypeError):  # TypeError: a time that is not a number
        record = JobRecord.read(paths.job)
        segment = read_record(paths.segment(newest_segment(paths) or 0))
        by_hand = segment.get("started", 0) > record.submitted and segment.get("job")
        name = str(by_hand or record.id)
        return name if re.fullmatch(SLURM_ID, name) else None
    return None
