"""Name the files of a work_dir outside of its runs."""

import re
from dataclasses import dataclass
from pathlib import Path

from stride.runs.layout.names import TEMPORARY_PREFIX
from stride.runs.layout.overview import OverviewPaths
from stride.runs.layout.run import RunPaths
from stride.runs.layout.sweep import SweepPaths

_STAGED = "run-"
_TRASHED = re.compile(r"([0-9]{1,15})-[0-9a-f]{12}-(.+)")


@dataclass(frozen=True, slots=True)
class WorkDirPaths:
    """Give the path of each file of a work_dir outside of its runs."""

    path: Path

    @property
    def config(self) -> Path:
        """Return the base config, which every new run starts from."""
        return self.path / "config.json"

    @property
    def signature(self) -> Path:
        """Return who vouches for the import paths in the base config."""
        return self.path / "signature.json"

    @property
    def curves(self) -> Path:
        """Return what the learning curves of the newest comparison say."""
        return self.path / "curves.json"

    @property
    def curves_plot(self) -> Path:
        """Return these curves as a picture, where matplotlib is installed."""
        return self.path / "curves.png"

    @property
    def private(self) -> Path:
        """Return the hidden folder of STRIDE's own files."""
        return self.path / ".stride"

    @property
    def lock(self) -> Path:
        """Return the file that is locked while a run is claimed."""
        return self.private / "lock"

    @property
    def high_water(self) -> Path:
        """Return the record of the largest run number ever given."""
        return self.private / "high_water.json"

    @property
    def setups(self) -> Path:
        """Return the list of what runs were begun with, a line for each."""
        return self.private / "setups.jsonl"

    def token(self, name: str) -> Path:
        """Return a file by which processes find out that they see the same work_dir."""
        return self.private / f"{TEMPORARY_PREFIX}seen-{name}"

    def replaced(self, name: str, token: str) -> Path:
        """Return where a run that --force replaces waits for its removal."""
        return self.private / f"replaced-{token}-{name}"

    def staged(self, token: str) -> Path:
        """Return where a run that comes from elsewhere is until it is whole."""
        return self.private / f"{TEMPORARY_PREFIX}{_STAGED}{token}"

    def staged_runs(self) -> list[Path]:
        """Return those under way, and what is left of those whose process was killed."""
        return sorted(self.private.glob(f"{TEMPORARY_PREFIX}{_STAGED}*"))

    @property
    def trash(self) -> Path:
        """Return the folder of the runs that were thrown away and can come back."""
        return self.private / "trash"

    def trashed(self, name: str, moment: float, token: str) -> Path:
        """Return where a run is that was thrown away at a moment, in Unix seconds."""
        return self.trash / f"{moment * 1000:.0f}-{token}-{name}"

    @property
    def overview(self) -> OverviewPaths:
        """Return the pictures of a benchmark, and the page that holds them."""
        return OverviewPaths(self.path / "overview", self.path / "overview.html")

    @property
    def sweeps(self) -> Path:
        """Return the folder of the sweeps."""
        return self.path / "sweeps"

    def sweep(self, name: str) -> SweepPaths:
        """Return the paths of the sweep of that name."""
        return SweepPaths(self.sweeps / name)

    @property
    def report(self) -> Path:
        """Return the page that reports its runs."""
        return self.path / "report.html"

    @property
    def data(self) -> Path:
        """Return the folder of the data that programs gave as arrays."""
        return self.path / "data"

    def data_file(self, digest: str) -> Path:
        """Return the file of the arrays whose content has that digest."""
        return self.data / f"{digest}.safetensors"

    def run(self, name: str) -> RunPaths:
        """Return the paths of the run of that name."""
        return RunPaths(self.path / name)


def replaced_name(file_name: str) -> str | None:
    """Return the run's name out of `WorkDirPaths.replaced`, or None for any other file."""
    word, _, rest = file_name.partition("-")
    return rest.partition("-")[2] or None if word == "replaced" else None


def trashed_run(file_name: str) -> tuple[str, float] | None:
    """Return name and moment out of `WorkDirPaths.trashed`, or None for any other file."""
    match = _TRASHED.fullmatch(file_name)
    return (match[2], int(match[1]) / 1000) if match else None
