"""Name the files of a sweep."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SweepPaths:
    """Give the path of each file of a sweep."""

    path: Path

    @property
    def name(self) -> str:
        """Return the sweep's name."""
        return self.path.name

    @property
    def work_dir(self) -> Path:
        """Return the folder that the runs of its trials are in."""
        return self.path.parent.parent

    @property
    def record(self) -> Path:
        """Return what is asked: the space, sampler, pruner, seeds, and by which study."""
        return self.path / "sweep.json"

    @property
    def config(self) -> Path:
        """Return the config that all trials start from."""
        return self.path / "config.json"

    @property
    def signature(self) -> Path:
        """Return who vouches for the import paths in that config."""
        return self.path / "signature.json"

    @property
    def journal(self) -> Path:
        """Return Optuna's storage: every trial, its parameters, values and states."""
        return self.path / "journal.log"

    @property
    def journal_lock(self) -> Path:
        """Return the file that is locked while the journal is written."""
        return self.path / "journal.lock"

    @property
    def lock(self) -> Path:
        """Return the file that is locked while a worker takes its next trial."""
        return self.path / "lock"

    @property
    def workers(self) -> Path:
        """Return the folder of the heartbeats of workers."""
        return self.path / "workers"

    def heartbeat(self, worker: str) -> Path:
        """Return the file that a worker touches while it lives."""
        return self.workers / worker

    @property
    def jobs(self) -> Path:
        """Return the folder of the jobs of SLURM that were launched for the sweep."""
        return self.path / "jobs"

    def job(self, number: int) -> "SweepJobPaths":
        """Return the paths of one of these jobs."""
        return SweepJobPaths(self.jobs / str(number))

    @property
    def report(self) -> Path:
        """Return the folder of plots and of the page that holds them."""
        return self.path / "report"

    @property
    def page(self) -> Path:
        """Return the page of the report, which needs no other file."""
        return self.report / "report.html"

    def plot(self, name: str) -> Path:
        """Return a picture of the report."""
        return self.report / f"{name}.png"


@dataclass(frozen=True, slots=True)
class SweepJobPaths:
    """Give the path of each file of a job that works on a sweep."""

    path: Path

    @property
    def script(self) -> Path:
        """Return the script that SLURM runs."""
        return self.path / "job.sbatch"

    @property
    def code(self) -> Path:
        """Return the copy of the code that the job runs."""
        return self.path / "code"

    @property
    def output(self) -> Path:
        """Return where the job's own output goes; SLURM puts its id for %j."""
        return self.path / "slurm-%j.out"

    @property
    def array_output(self) -> Path:
        """Return the same of an array: %A is its id, %a the number of the element."""
        return self.path / "slurm-%A_%a.out"
