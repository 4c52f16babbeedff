"""Follow and end the jobs of queued runs."""

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from stride.errors import RunError
from stride.launch import slurm
from stride.runs.jobs import recorded_job
from stride.runs.layout import RunPaths
from stride.runs.listing.rows.read import read_row
from stride.runs.status import FINAL, newest_segment
from stride.runs.writer import RunWriter

_EVERY = 2.0  # seconds between two looks
_LEFT = 3  # looks without the job, after which it is believed to be gone


def job_states(runs: Iterable[Path]) -> dict[Path, str]:
    """Return what SLURM says of the jobs of runs: "12 PENDING (Resources)", by run.

    Raises:
        Refused: squeue is missing or gives no answer.
    """
    jobs = {run: job for run in runs if (job := recorded_job(RunPaths(run))) is not None}
    states = slurm.states(jobs.values())
    return {run: f"{job} {states.get(job, 'gone')}" for run, job in jobs.items()}


def cancel(run: Path) -> str:
    """End a run's job; return its id. A run that has not started becomes `stopped`.

    Raises:
        RunError: no job was submitted for the run, or what is recorded is none.
        Refused: scancel is missing or refuses.
    """
    paths = RunPaths(run)
    job = recorded_job(paths)
    if job is None:
        named = paths.job.exists()
        what = "its records name no job of SLURM" if named else "no job was submitted for this run"
        hint = "end its process where it runs: it writes a checkpoint and leaves"
        raise RunError(what, where=str(run), hint=hint)
    slurm.cancel(job)
    if read_row(run).state == "queued":
        with suppress(RunError):  # the job was faster, and its process ends by the signal
            writer = RunWriter.resume(run, after=newest_segment(paths))
            writer.close("stopped", "cancelled before it began")
    return job


def wait(runs: Iterable[Path], seconds: float) -> dict[Path, str]:
    """Wait until all runs have ended or their jobs are gone; return the runs' states.

    Args:
        runs: folders of queued runs.
        seconds: how long to wait at most.
    """
    waiting, until = {run: 0 for run in runs}, time.monotonic() + seconds
    ended: dict[Path, str] = {}
    while waiting and time.monotonic() < until:
        jobs = job_states(waiting)
        for run in [*waiting]:
            # A job that is requeued is among those of SLURM, while its run is `interrupted`.
            waiting[run] = waiting[run] + 1 if jobs.get(run, "gone").endswith("gone") else 0
            state = read_row(run).state
            if waiting[run] >= _LEFT or (state in FINAL and state != "interrupted"):
                ended[run] = state
                del waiting[run]
        if waiting:
            time.sleep(min(_EVERY, max(0.0, until - time.monotonic())))
    return ended | {run: read_row(run).state for run in waiting}
