"""An open sweep: what it asks, the config that its trials start from, and where they are."""

from dataclasses import dataclass
from pathlib import Path

from optuna import Study

from stride.config import Resolved
from stride.config.sweep.spec import SweepSpec
from stride.runs.layout import SweepPaths
from stride.runs.records.sweep import SweepRecord
from stride.sweeps.base import read_base
from stride.sweeps.search.storage import open_storage
from stride.sweeps.search.study import open_study


@dataclass(frozen=True)
class Sweep:
    """A sweep whose storage is open.

    Attributes:
        paths: its folder.
        record: what it asks, and by which study.
        spec: what it asks.
        base: the config that all trials start from.
        study: of Optuna.
    """

    paths: SweepPaths
    record: SweepRecord
    spec: SweepSpec
    base: Resolved
    study: Study

    @property
    def work_dir(self) -> Path:
        """Return the folder that the runs are in."""
        return self.paths.path.parent.parent


def open_sweep(paths: SweepPaths) -> Sweep:
    """Open a sweep that is there.

    Raises:
        UserError: a file of it is broken or missing, or the storage cannot be opened.
    """
    record = SweepRecord.read(paths.record)
    spec = SweepSpec.from_json(record.spec)
    storage = open_storage(paths, record.storage)
    study = open_study(storage, record.study, spec)
    return Sweep(paths, record, spec, read_base(paths, spec), study)
