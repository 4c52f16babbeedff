"""Queue jobs that work on a sweep: each element of an array is a worker, or several."""

import os
import shutil
from dataclasses import replace

from stride.errors import UserError
from stride.launch import slurm
from stride.launch.code import Code
from stride.launch.launch import LaunchResult
from stride.launch.script import Job, Resources, script_of
from stride.runs.files.atomic import atomic_write
from stride.runs.layout import SweepPaths
from stride.sweeps.joining import trainer_of_sweep
from stride.sweeps.request.check import check_trials
from stride.sweeps.sweep import Sweep, open_sweep


def launch_sweep(
    paths: SweepPaths, resources: Resources, *, array: int | None = None, trust: bool = False
) -> LaunchResult:
    """Submit a job that joins a sweep, and return the job's folder.

    Args:
        paths: of the sweep.
        resources: what the job asks for; each GPU has a worker of its own.
        array: how many elements, None for one job.
        trust: whether the user vouches for the import paths in the sweep's config.

    Raises:
        UserError: the sweep could not be worked on, or SLURM refuses. No folder is left.
    """
    resources = _of_workers(resources)
    slurm.require_sbatch()
    sweep = open_sweep(paths)
    code = _checked(sweep, trust=trust)
    number = _claim(paths)
    folder = paths.job(number).path
    try:
        if code.root is not None:
            code.copy_to(paths.job(number).code)
        job = _job(sweep, number, array, resources, trust=trust)
        atomic_write(job.script, _script(job, resources, code))
        submitted = slurm.submit(job.script)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    note = "" if code.root else f"the job has no copy of the code: {code.reason}"
    return LaunchResult([folder], submitted.id, note)


def dry_run_sweep(
    paths: SweepPaths, resources: Resources, *, array: int | None = None, trust: bool = False
) -> str:
    """Return the script that `launch_sweep` would write; create nothing.

    Raises:
        UserError: likewise.
    """
    resources = _of_workers(resources)
    sweep = open_sweep(paths)
    code = _checked(sweep, trust=trust)
    job = _job(sweep, _next(paths), array, resources, trust=trust)
    return _script(job, resources, code)


def _of_workers(resources: Resources) -> Resources:
    """Return what a job asks for in which one process has the workers of a machine.

    Raises:
        UserError: options contradict each other, or ask for processes that train one run together.
    """
    resources.check()
    if resources.nodes > 1 or (resources.tasks_per_node or 1) > 1:
        what = "several processes train one run together, and a sweep has workers apart"
        raise UserError(what, where="--nodes, --tasks-per-node", hint="type: --array N")
    return replace(resources, tasks_per_node=1)


def _checked(sweep: Sweep, *, trust: bool) -> Code:
    """Import what the trials need, so that code is missed here which a job would miss."""
    check_trials(sweep.spec, sweep.resolved, trainer_of_sweep(sweep, trust=trust))
    code = Code.here(exclude=sweep.work_dir)
    code.require_imported()
    return code


def _job(sweep: Sweep, number: int, array: int | None, resources: Resources, *, trust: bool) -> Job:
    # The user's word goes with the job where no key could be kept to sign the sweep by.
    word = trust and not sweep.paths.signature.exists()
    workers = max(1, resources.gpus_per_node)
    return Job.of_sweep(sweep.paths, number, array, workers, trust=word)


def _script(job: Job, resources: Resources, code: Code) -> str:
    return script_of(job, resources, code.folder(job.code), code.path(job.code))


def _next(paths: SweepPaths) -> int:
    names = os.listdir(paths.jobs) if paths.jobs.is_dir() else []
    return max((int(name) for name in names if name.isdecimal()), default=-1) + 1


def _claim(paths: SweepPaths) -> int:
    """Make the folder of the next job, for this process alone."""
    paths.jobs.mkdir(exist_ok=True)
    while True:
        number = _next(paths)
        try:
            paths.job(number).path.mkdir()
        except FileExistsError:
            continue
        return number
