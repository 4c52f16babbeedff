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
    def report(self) -> Path:
        """Return the folder of plots and of the page that holds them."""
        return self.path / "report"
