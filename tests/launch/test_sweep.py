"""A job joins a sweep: its script, its copy of the code, and nothing left where it is refused."""

from pathlib import Path

import pytest

from stride.errors import UserError
from stride.launch.script import Resources
from stride.launch.slurm import SlurmError
from stride.launch.sweep import dry_run_sweep, launch_sweep
from stride.runs.layout import SweepPaths
from stride.sweeps.sweeper import Sweeper
from stride.trainer.trainer import Trainer


@pytest.fixture
def sweep(project: Path) -> SweepPaths:
    """Return a sweep that nobody works on."""
    trainer = Trainer("W", overrides=["model=nets:tiny", "subsample_rate=0.05", "epochs=1"])
    return Sweeper(trainer, grid={"model_kwargs.width": [2, 3]}).begin().paths


def options(script: str) -> list[str]:
    return [line[10:] for line in script.splitlines() if line.startswith("#SBATCH --")]


def test_each_element_of_an_array_works_on_the_sweep(sweep, slurm, project) -> None:
    launched = launch_sweep(sweep, Resources(gpus_per_node=2, time="60"), array=8)
    assert launched == ([sweep.path / "jobs" / "0"], "12", "")
    job = sweep.job(0)
    assert slurm.calls("sbatch") == [f"--parsable {job.script}"]
    assert (job.code / "nets.py").read_text() == (project / "nets.py").read_text()
    assert not (job.code / "W").exists()
    script = job.script.read_text()
    assert options(script) == [
        "job-name=W-grid",
        f"output={job.path}/slurm-%A_%a.out",
        "open-mode=append",
        "nodes=1",
        "ntasks-per-node=1",
        "gpus-per-node=2",
        "time=60",
        "array=0-7",
    ]
    assert f"\ncd {job.code} || exit\n" in script
    step = f"-P -m stride sweep {project}/W --resume --name grid --workers 2\n"
    assert step in script
    assert launch_sweep(sweep, Resources()).runs == [sweep.path / "jobs" / "1"]


def test_a_dry_run_and_a_refusal_leave_nothing(sweep, slurm, project) -> None:
    script = dry_run_sweep(sweep, Resources())
    assert f"#SBATCH --output={sweep.path}/jobs/0/slurm-%j.out\n" in script
    assert "--array" not in script and not sweep.jobs.exists()
    slurm.refuse("sbatch", "sbatch: error: no such partition")
    with pytest.raises(SlurmError, match="no such partition"):
        launch_sweep(sweep, Resources(partition="x"))
    assert [*sweep.jobs.iterdir()] == []


def test_processes_that_train_together_are_refused(sweep, slurm) -> None:
    for asked in (Resources(nodes=2), Resources(tasks_per_node=2)):
        with pytest.raises(UserError, match="type: --array N"):
            launch_sweep(sweep, asked)


def test_code_that_the_job_would_not_have_is_refused(project, slurm) -> None:
    (project / "mine.py").write_text((project / "nets.py").read_text())
    trainer = Trainer("W", overrides=["model=mine:tiny", "subsample_rate=0.05", "epochs=1"])
    paths = Sweeper(trainer, grid={"model_kwargs.width": [2, 3]}).begin().paths
    with pytest.raises(UserError, match=r"git does not track mine\.py"):
        launch_sweep(paths, Resources())
