"""An open sweep: what it asks, the config that its trials start from, and where they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from optuna import Study
from optuna.storages import BaseStorage

from stride.config import Resolved
from stride.config.sweep.spec import SweepSpec
from stride.errors import RunError
from stride.runs.layout import SweepPaths
from stride.runs.records.sweep import SweepRecord
from stride.sweeps.base import read_base
from stride.sweeps.search.storage import open_storage, read_storage
from stride.sweeps.search.study import open_study


@dataclass(frozen=True)
class Sweep:
    """A sweep whose storage is open.

    Attributes:
        paths: its folder.
        record: what it asks, and by which study.
        spec: what it asks.
        study: of Optuna.
        storage: of the study.
    """

    paths: SweepPaths
    record: SweepRecord
    spec: SweepSpec
    study: Study
    storage: BaseStorage

    @property
    def work_dir(self) -> Path:
        """Return the folder that the runs are in."""
        return self.paths.work_dir

    @cached_property
    def base(self) -> Resolved:
        """Return the config that all trials start from.

        Raises:
            UserError: its file is broken, or not the one by which the sweep was asked for.
        """
        return read_base(self.paths, self.record, self.spec)

    def resolved(self, overrides: Mapping[str, Any]) -> Resolved:
        """Return the config of a trial, whose overrides are what the sweep's folder says."""
        return self.base.override(overrides, "trial", self.paths.path)


def open_sweep(paths: SweepPaths) -> Sweep:
    """Open a sweep that is there, to work on it.

    Raises:
        UserError: a file of it is broken or missing, or the storage cannot be opened.
    """
    record = SweepRecord.read(paths.record)
    spec = SweepSpec.from_json(record.spec)
    storage = open_storage(paths, record.storage)
    study = open_study(storage, record.study, spec)
    return Sweep(paths, record, spec, study, storage)


def read_sweep(paths: SweepPaths) -> Sweep:
    """Open a sweep that is there, to read what became of it; nothing in its folder is changed.

    Its sampler and pruner are not built, and no torch is loaded.

    Raises:
        UserError: likewise.
    """
    record = SweepRecord.read(paths.record)
    spec = SweepSpec.from_json(record.spec)
    storage = read_storage(paths, record.storage)
    try:
        study = optuna.load_study(study_name=record.study, storage=storage)
    except KeyError:
        what = f"its storage has no study {record.study!r}, of which sweep.json tells"
        raise RunError(what, where=str(paths.path), hint="put back a copy of the folder") from None
    return Sweep(paths, record, spec, study, storage)
