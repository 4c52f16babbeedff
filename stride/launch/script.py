"""Write the script that SLURM runs: one that a person can read, edit and submit by hand."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from stride.errors import UserError
from stride.runs.layout import RunPaths, SweepPaths
from stride.visible import quoted

LEFT = 138  # a run that a USR1 ended with a checkpoint behind it: 128 and the signal's number
SIGNAL_SECONDS = 120
_TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")
_SELF = "${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}"
_OWN = {"array": "--array", "signal": "--signal-seconds", "requeue": "--requeue"}


@dataclass(frozen=True)
class Resources:
    """What a job asks SLURM for.

    Attributes:
        nodes: machines.
        gpus_per_node: of each machine, 0 for none.
        tasks_per_node: processes on each machine; None: one for each GPU, or one.
        cpus_per_task: None: as many as the site gives.
        time: the limit, as SLURM takes it; None: that of the site.
        partition: None: that of the site.
        requeue: whether the job queues again at its time limit, and resumes.
        signal_seconds: how long before the limit the run is to leave.
        options: further options of sbatch, `key=value` or `key`.
    """

    nodes: int = 1
    gpus_per_node: int = 0
    tasks_per_node: int | None = None
    cpus_per_task: int | None = None
    time: str | None = None
    partition: str | None = None
    requeue: bool = False
    signal_seconds: int | None = None
    options: Sequence[str] = ()

    @property
    def tasks(self) -> int:
        """Return the number of processes on each machine."""
        return self.tasks_per_node or self.gpus_per_node or 1

    @property
    def processes(self) -> int:
        """Return the number of processes that train together."""
        return self.nodes * self.tasks

    @property
    def notice(self) -> int | None:
        """Return how many seconds before the limit the run is told, None where it is not."""
        return self.signal_seconds or (SIGNAL_SECONDS if self.requeue else None)

    def check(self) -> None:
        """Refuse contradictory or malformed options.

        Raises:
            UserError: names the option.
        """
        limit = None if self.time is None else seconds_of(self.time)
        if limit is not None and self.notice is not None and self.notice >= limit:
            what = f"the run would be told to leave {self.notice} s before the end of {limit} s"
            hint = f"type: --signal-seconds {max(1, limit // 4)}"
            raise UserError(what, where="--signal-seconds", hint=hint)
        for option in self.options:
            key = option.partition("=")[0]
            if not re.fullmatch(r"[a-z][a-z0-9-]*", key) or "\n" in option:
                raise UserError(
                    f"{option!r} is not an sbatch option",
                    where="--sbatch",
                    hint="type it without dashes: --sbatch key=value",
                )
            if key in _OWN:
                what = f"{key} is asked for by an option of its own"
                raise UserError(what, where="--sbatch", hint=f"type: {_OWN[key]}")


def seconds_of(time: str) -> int:
    """Return the seconds of a time limit in SLURM's forms, as 90, 30:00, 2:00:00, 1-12.

    Raises:
        UserError: it is none.
    """
    match = _TIME.fullmatch(time)
    if match is None:
        hint = "type it as minutes, minutes:seconds, hours:minutes:seconds or days-hours"
        raise UserError(f"{time!r} is not a time limit", where="--time", hint=hint)
    days, *parts = match.groups()
    first, second, third = (int(part or 0) for part in parts)
    if days is not None:
        return int(days) * 86400 + first * 3600 + second * 60 + third
    return first * 3600 + second * 60 + third if parts[2] else first * 60 + second


@dataclass(frozen=True)
class Job:
    """What a job does, and where its files are.

    Attributes:
        title: what it does.
        name: by which SLURM lists it.
        script: the file with its script.
        output: where its output goes, with SLURM's signs.
        code: the copy of the code that it runs.
        words: of the command of STRIDE that it runs.
        elements: of how many an array is; None for one job.
    """

    title: str
    name: str
    script: Path
    output: Path
    code: Path
    words: Sequence[str]
    elements: int | None = None

    @classmethod
    def of_run(cls, run: RunPaths, *, trust: bool = False) -> Self:
        """Return the job that trains a run, by its absolute path."""
        words = ["resume", str(run.path), *["--trust"] * trust]
        name = f"{run.path.parent.name}-{run.name}"
        return cls(f"Trains {run.path}", name, run.job_script, run.job_output, run.code, words)

    @classmethod
    def of_sweep(
        cls, sweep: SweepPaths, number: int, elements: int | None, workers: int, *, trust: bool
    ) -> Self:
        """Return a job whose elements work on a sweep, each by so many processes.

        Args:
            sweep: by its absolute path.
            number: of the job among those of the sweep.
            elements: None for a job that is not an array.
            workers: processes of each.
            trust: whether the job vouches for the import paths of the sweep's config.
        """
        work_dir, paths = sweep.work_dir, sweep.job(number)
        words = ["sweep", str(work_dir), "--resume", "--name", sweep.name]
        words += ["--workers", str(workers), *["--trust"] * trust]
        name = f"{work_dir.name}-{sweep.name}"
        output = paths.output if elements is None else paths.array_output
        return cls(
            f"Works on {sweep.path}", name, paths.script, output, paths.code, words, elements
        )


def job_script(
    run: RunPaths,
    resources: Resources,
    folder: Path,
    path: Sequence[str],
    *,
    trust: bool = False,
) -> str:
    """Return the script of one run.

    Args:
        run: the run, by its absolute path.
        resources: what the job asks for.
        folder: where the job works.
        path: what Python searches before the installed packages.
        trust: whether the job vouches for the run's import paths, which no signature does.
    """
    return script_of(Job.of_run(run, trust=trust), resources, folder, path)


def script_of(job: Job, resources: Resources, folder: Path, path: Sequence[str]) -> str:
    """Return the script of a job.

    Args:
        job: what it does.
        resources: what it asks for.
        folder: where it works.
        path: what Python searches before the installed packages.
    """
    body = _body(job, resources, folder, path, _step(job, resources))
    return "\n".join([*_head(job, resources), *body])


def array_script(runs: Sequence[RunPaths], resources: Resources) -> str:
    """Return the script of an array with one job for each of several runs."""
    first = runs[0]
    job = replace(Job.of_run(first), script=first.array_script, elements=len(runs))
    lines = ["runs=(", *(f"  {quoted(run.path)}" for run in runs), ")"]
    lines += [
        "run=${runs[$SLURM_ARRAY_TASK_ID]}",
        "# The script of that run, in this process: it gets the signals.",
    ]
    lines += [f'exec bash "$run/{first.job_script.name}"', ""]
    return "\n".join([*_head(job, resources), *lines])


def _head(job: Job, resources: Resources) -> list[str]:
    """Return what sbatch reads."""
    return [
        "#!/bin/bash",
        f"# {job.title}, as queued by `stride launch`.",
        "# sbatch reads the lines with #SBATCH. This file may be edited, and submitted by hand",
        f"# from any folder:  sbatch {quoted(job.script)}",
        "",
        *(f"#SBATCH --{option}" for option in _options(job, resources)),
        "",
    ]


def _options(job: Job, resources: Resources) -> Iterator[str]:
    yield f"job-name={quoted(job.name)}"
    yield f"output={quoted(_literal(job.output))}"
    yield "open-mode=append"
    yield f"nodes={resources.nodes}"
    yield f"ntasks-per-node={resources.tasks}"
    if resources.gpus_per_node:
        yield f"gpus-per-node={resources.gpus_per_node}"
    if resources.cpus_per_task:
        yield f"cpus-per-task={resources.cpus_per_task}"
    if resources.time is not None:
        yield f"time={resources.time}"
    if resources.partition is not None:
        yield f"partition={quoted(resources.partition)}"
    if resources.requeue:
        yield "requeue"
    if resources.notice is not None:  # B: to this script, which then says so to the run
        yield f"signal={'B:' * resources.requeue}USR1@{resources.notice}"
    for option in resources.options:
        key, sign, value = option.partition("=")
        yield f"{key}{sign}{quoted(value) if sign else ''}"
    if job.elements is not None:
        yield f"array=0-{job.elements - 1}"


def _literal(pattern: Path) -> str:
    """Return a pattern for SLURM's file names in which only the last name has signs of its own."""
    return f"{str(pattern.parent).replace('%', '%%')}/{pattern.name}"


def _body(
    job: Job, resources: Resources, folder: Path, path: Sequence[str], step: str
) -> Iterator[str]:
    """Yield what the job does."""
    if folder.is_relative_to(job.code):
        yield "# The code as it was when the run was queued; the project may change meanwhile."
    else:
        yield "# The project is in no git repository: its files count as they are when this starts."
    yield f"cd {quoted(folder)} || exit"
    yield f"export PYTHONPATH={quoted(':'.join(path))}"
    if resources.cpus_per_task:
        yield f'export OMP_NUM_THREADS="${{OMP_NUM_THREADS:-{resources.cpus_per_task}}}"'
    yield ""
    yield from _requeueing(resources, step) if resources.requeue else [step]
    yield ""


def _requeueing(resources: Resources, step: str) -> list[str]:
    return [
        f"# SLURM sends USR1 to this script {resources.notice} s before the time limit. The run",
        f"# writes a checkpoint and leaves with {LEFT}; the job queues again, and resumes the run.",
        "leaving=",
        "trap 'leaving=yes; kill -USR1 \"$!\"' USR1",
        "",
        f"{step} &",
        "step=$!",
        'while kill -0 "$step" 2>/dev/null; do wait "$step"; done  # a signal interrupts wait',
        'wait "$step"',
        "code=$?",
        f'if [ "$leaving" ] && [ "$code" -eq {LEFT} ]; then',
        # An element of an array by its own name: its number may be that of the whole array.
        f'  exec scontrol requeue "{_SELF}"',
        "fi",
        'exit "$code"',
    ]


def _step(job: Job, resources: Resources) -> str:
    # srun does not take the CPUs of a task from sbatch.
    cpus = f" --cpus-per-task={resources.cpus_per_task}" if resources.cpus_per_task else ""
    process = f"{quoted(sys.executable)} -P -m stride {' '.join(map(quoted, job.words))}"
    return f"srun --export=ALL{cpus} {process}"
