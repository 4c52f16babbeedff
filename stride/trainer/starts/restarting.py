"""Choose where a training begins; a restarting launcher has it go on with its run."""

from contextlib import suppress
from os import PathLike
from pathlib import Path

from stride.config import Resolved
from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.jobs import is_of_job, job, starts_again
from stride.runs.layout import RunPaths
from stride.runs.provenance.start_state import never_began
from stride.runs.status import CLEAN_END
from stride.runs.work_dir import WorkDir
from stride.trainer.fit.run_start import NewRun, RunStart, typed_overrides
from stride.trainer.starts.fork import ForkedRun
from stride.trainer.starts.resume import ResumedRun


def begin(
    resolved: Resolved, *, force: bool = False, trainer_state: str | PathLike[str] | None = None
) -> RunStart:
    """Begin a run of this config: from a checkpoint, its job's unfinished run, or the start.

    Raises:
        RunError: there is no such checkpoint.
    """
    if trainer_state is not None:
        return ForkedRun.from_checkpoint(resolved, Path(trainer_state))
    return restarted(NewRun(resolved, force=force))


def restarted(fresh: NewRun) -> RunStart:
    """Go on with the run of this job that has not come to its end, or begin as asked.

    SLURM says that it has requeued a job; torchrun gives the id of its group to each start. A run
    of the same job that was asked for by the same overrides is the one to go on with.
    """
    name = job()
    if name is None or not starts_again() or fresh.force:
        return fresh
    path = _unfinished(fresh, name)
    if path is None:
        return fresh
    # The launcher has ended the process that wrote before; should that live on, cut off from it,
    # its segment is no longer the newest and it commits nothing.
    start = ResumedRun.of(path.path, take_over=True)
    start.given_in(fresh.resolved.folder)
    return start


def _unfinished(fresh: NewRun, name: str) -> RunPaths | None:
    work_dir = WorkDir(fresh.resolved.work_dir)
    typed = typed_overrides(fresh.resolved)
    with suppress(RunError):  # no work_dir yet
        for run in reversed(work_dir.names()):
            paths = work_dir.paths.run(run)
            with suppress(RunError):  # a broken run is not resumed
                if is_of_job(paths, name) and _is_unfinished(paths, typed):
                    return paths
    return None


def _is_unfinished(paths: RunPaths, typed: list[str]) -> bool:
    status = read_record(paths.status)
    if status.get("state") in CLEAN_END or never_began(paths):
        return False
    # Those of the start: status.json has what was typed on resuming, too.
    return bool(read_record(paths.provenance).get("overrides", []) == typed)
