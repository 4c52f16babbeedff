"""Check a config, claim its run as `queued`, and submit the job that is to train it."""

import re
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from stride.config import Resolved, resolve_layers
from stride.config.schema import Config
from stride.errors import UserError
from stride.launch import slurm
from stride.launch.code import Code
from stride.launch.script import Resources, array_script, job_script
from stride.runs.files.atomic import atomic_json, atomic_write
from stride.runs.layout import RunPaths, WorkDirPaths
from stride.runs.provenance.collect import Survey, collect
from stride.runs.records.job import JobRecord
from stride.runs.work_dir import WorkDir
from stride.runs.writer import RunWriter
from stride.trainer.commands import trainer_of
from stride.trainer.fit.run_start import typed_overrides
from stride.trainer.settled import settled


@dataclass(frozen=True)
class CheckedConfig:
    """A config that would train.

    Attributes:
        resolved: the config as asked for.
        values: its JSON, each value as its constructor takes it; what follows from the machine or
            the number of processes is left for the job.
        data_fingerprint: digest of the data as it is now.
    """

    resolved: Resolved
    values: dict[str, Any]
    data_fingerprint: str

    @property
    def work_dir(self) -> Path:
        """Return the folder of the experiment."""
        return Path(self.resolved.config.work_dir)

    def claim(self, survey: Survey, number: int | None) -> RunWriter:
        """Claim a run of this config, the n-th of an array with the n-th seed.

        Raises:
            RunError: the name is taken, or the work_dir cannot be written.
        """
        config, typed = self.resolved.config, typed_overrides(self.resolved)
        seed = config.seed + (number or 0)
        if number is not None:
            typed = [text for text in typed if not text.startswith("seed=")] + [f"seed={seed}"]
        found = survey.result()
        provenance = collect(
            found,
            overrides=typed,
            origins=self.resolved.origins,
            seeds={"seed": seed},
            devices=[],
            data_fingerprint=self.data_fingerprint,
        )
        values = Config.from_json({**self.values, "seed": seed}).to_json()
        place = (config.work_dir, config.run)
        return RunWriter.start(*place, config=values, provenance=provenance, patch=found.patch)


class LaunchResult(NamedTuple):
    """The queued runs and their job.

    Attributes:
        runs: the folders.
        job: SLURM's id.
        note: what a person should know; empty where all is well.
    """

    runs: list[Path]
    job: str
    note: str


def launch(
    overrides: list[str],
    config_file: str | None,
    resources: Resources,
    *,
    array: int | None = None,
    trust: bool = False,
) -> LaunchResult:
    """Queue a run, or several that differ by their seed, and submit the job.

    Args:
        overrides: `key=value` texts.
        config_file: JSON, TOML or YAML.
        resources: what the job asks for.
        array: how many runs, None for one that is in no array.
        trust: whether the user vouches for the import paths in the work_dir's config.

    Raises:
        UserError: a wrong key, value, name, file or shape; or SLURM refuses. No folder is left.
    """
    resources.check()
    slurm.require_sbatch()
    resolved = resolve_layers(config_file=config_file, overrides=overrides)
    with Survey(exclude=[resolved.config.work_dir]) as survey:
        checked = check(resolved, overrides, config_file, named=array is None, trust=trust)
        code = Code.here(exclude=checked.work_dir)
        code.require_imported()
        queued: list[RunPaths] = []
        new = [place for place in _places(checked.work_dir) if not place.exists()]
        try:
            for number in [None] if array is None else range(array):
                writer = checked.claim(survey, number)
                queued.append(writer.paths)
                _fill(writer, resources, code)
            job = _submit(queued, resources, in_array=array is not None)
        except BaseException:
            for run in queued:
                shutil.rmtree(run.path, ignore_errors=True)
            _remove_empty(new)
            raise
    note = "" if code.root else f"the job has no copy of the code: {code.reason}"
    return LaunchResult([run.path for run in queued], job, note)


def _places(work_dir: Path) -> list[Path]:
    """Return the folders that claiming a run may make, the innermost first."""
    return [WorkDirPaths(work_dir).private, work_dir, *work_dir.absolute().parents]


def _remove_empty(made: Sequence[Path]) -> None:
    """Remove folders that were made for runs that are gone, unless others use them by now."""
    if len(made) < 2:  # the work_dir was there
        return
    private, work_dir, *_ = made
    if any(one != private for one in work_dir.iterdir()):
        return
    shutil.rmtree(private, ignore_errors=True)
    with suppress(OSError):
        for folder in made[1:]:
            folder.rmdir()


def dry_run(
    overrides: list[str],
    config_file: str | None,
    resources: Resources,
    *,
    array: int | None = None,
    trust: bool = False,
) -> list[str]:
    """Return the scripts that `launch` would write; create nothing.

    Raises:
        UserError: as in `launch`.
    """
    resources.check()
    resolved = resolve_layers(config_file=config_file, overrides=overrides)
    checked = check(resolved, overrides, config_file, named=array is None, trust=trust)
    code = Code.here(exclude=checked.work_dir)
    code.require_imported()
    names = [resolved.config.run or "RUN"] if array is None else [f"RUN{n}" for n in range(array)]
    runs = [RunPaths(checked.work_dir.absolute() / name) for name in names]
    scripts = [_script(runs[0], resources, code)]
    return scripts if array is None else [*scripts, array_script(runs, resources)]


def check(
    resolved: Resolved,
    overrides: list[str],
    config_file: str | None,
    *,
    named: bool = True,
    trust: bool = False,
) -> CheckedConfig:
    """Build data and model of a config and try a step, on the CPU: the GPUs are the job's.

    Args:
        resolved: the config.
        overrides: what it was made from.
        config_file: likewise.
        named: whether the run may have a name.
        trust: whether the user vouches for the import paths in the work_dir's config.

    Raises:
        UserError: the run would not train.
    """
    config = resolved.config
    if config.run is not None and not named:
        raise UserError("runs of an array have numbers", where="run", hint="leave run=... out")
    WorkDir(config.work_dir).check_name(config.run)
    absent = re.fullmatch(r"auto|(cuda|gpu)(:\d+)?", config.device)
    here = [*overrides, "device=cpu"] if absent else overrides
    trainer = trainer_of(resolved, trust=trust, config_file=config_file, overrides=here)
    trainer.check()
    values = settled(config, trainer.config)
    return CheckedConfig(resolved, values, trainer.data.fingerprint)


def _fill(writer: RunWriter, resources: Resources, code: Code) -> None:
    """Write what the job needs, and let go of the run: it waits for the job."""
    paths = writer.paths
    try:
        if code.root is not None:
            with writer.commit_folder(paths.code) as folder:
                code.copy_to(folder)
        paths.logs.mkdir()  # SLURM makes no folder for the output
        writer.commit(paths.job_script, _script(paths, resources, code))
    finally:
        writer.close("queued")


def _script(run: RunPaths, resources: Resources, code: Code) -> str:
    # The user's word goes with the job where no key could be kept to sign the run by.
    trust = run.status.exists() and not run.signature.exists()
    return job_script(run, resources, code.folder(run.code), code.path(run.code), trust=trust)


def _submit(runs: Sequence[RunPaths], resources: Resources, *, in_array: bool) -> str:
    """Submit the job, note it in each run, and return its id."""
    script = runs[0].job_script
    if in_array:
        script = runs[0].array_script
        atomic_write(script, array_script(runs, resources))
    job = slurm.submit(script)
    for number, run in enumerate(runs):
        name = f"{job.id}_{number}" if in_array else job.id
        record = JobRecord(id=name, cluster=job.cluster, submitted=time.time())
        atomic_json(run.job, record.to_json())
    return job.id
