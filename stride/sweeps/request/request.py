"""Ask a sweep of a work_dir: check every trial, compare with what there is, write what is new."""

import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any, Self

from optuna.trial import TrialState

from stride.callbacks.monitor import Monitor
from stride.config import Resolved
from stride.config.sweep.checks import probes
from stride.config.sweep.spec import SweepSpec
from stride.errors import RunError
from stride.runs.files.atomic import atomic_json, read_record
from stride.runs.files.durable import os_errors_as
from stride.runs.files.lock import locked
from stride.runs.layout import SweepPaths, WorkDirPaths
from stride.runs.provenance.start_state import never_began
from stride.runs.records.sweep import SweepRecord
from stride.runs.status import is_written
from stride.runs.work_dir import WorkDir
from stride.sweeps.base import base_of, digest_of
from stride.sweeps.request.absolute_paths import with_absolute_paths
from stride.sweeps.request.check import check_trials
from stride.sweeps.request.kept_config import assembled, base_values, write_base
from stride.sweeps.request.plan import Before, Entry, Plan, plan_listed, plan_search
from stride.sweeps.request.revise import add_trials
from stride.sweeps.request.setups import Setups
from stride.sweeps.request.trial_data import TrialData, fingerprints
from stride.sweeps.search.storage import lasting_url, open_storage, read_storage
from stride.sweeps.search.study import (
    completed,
    completed_trials,
    create_study,
    open_study,
    require_draws,
)
from stride.sweeps.trials.given import given_digest
from stride.sweeps.trials.seeds import seeds_of
from stride.sweeps.trials.trial import WORKER
from stride.sweeps.trials.worker_mark import is_gone
from stride.trainer.flow import require_followed
from stride.trainer.proof.local_objects import local_objects
from stride.trainer.trainer import Trainer

_SOME = 32


@dataclass(frozen=True)
class Request:
    """What is asked, checked against a trainer's config.

    Attributes:
        paths: of the sweep.
        spec: what is asked.
        values: of the config that all trials start from.
        base: that config.
        setups: tells what trials train.
        monitor: by which they are judged.
        data: fingerprints of what they are trained on.
        objects: what only this process has.
        storage: URL of a database, None for a file of the sweep's.
        retry_failed: whether failed trials are trained again.
    """

    paths: SweepPaths
    spec: SweepSpec
    values: dict[str, Any]
    base: Resolved
    setups: Setups
    monitor: Monitor
    data: TrialData
    objects: list[str]
    storage: str | None
    retry_failed: bool

    @classmethod
    def of(
        cls,
        trainer: Trainer,
        paths: SweepPaths,
        spec: SweepSpec,
        *,
        storage: str | None,
        retry_failed: bool,
    ) -> Self:
        """Build what the trainer's config says once, and check all trials against it.

        Raises:
            UserError: a key or value of a trial is wrong, or the name of a run is taken.
        """
        spec = with_absolute_paths(spec, trainer.builder.resolved.folder)
        example = probes(spec)[0]
        values = base_values(trainer, example)
        base = base_of(paths, values, spec)
        spec = completed(spec, base.config.training_config.max_epochs)
        require_draws(spec)  # refused before there is a folder
        trainer.builder.require_trust(base)
        check_trials(spec, base.override, trainer)
        if spec.metric is not None:
            require_followed(trainer, base.override(example))
        assembly = assembled(trainer, base, example)
        data = TrialData(assembly.data.fingerprint, fingerprints(spec, base, trainer))
        made = cls(
            paths=paths,
            spec=spec,
            values=values,
            base=base,
            setups=Setups(base, data, given_digest(trainer)),
            monitor=assembly.saving_monitor,
            data=data,
            objects=[*local_objects(trainer)],
            storage=None if storage is None else lasting_url(storage),
            retry_failed=retry_failed,
        )
        made._require_same_storage()
        made._require_free_names()
        return made

    def plan(self) -> Plan:
        """Compare what is asked with what there is."""
        plan = self._compared()
        entries = [one.with_seeds(self._seeds(one.overrides)) for one in plan.entries]
        return replace(plan, entries=entries)

    def _compared(self) -> Plan:
        before = self._before(self._record())
        if self.spec.kind == "search":
            return plan_search(before, self.spec, self.setups.of, retry_failed=self.retry_failed)
        names = [one.run for one in self.spec.runs] or [None] * len(self.spec.points())
        wanted = [
            Entry(point, self.setups.of(point), None if self._is_there(name) else name)
            for point, name in zip(self.spec.points(), names, strict=True)
        ]
        return plan_listed(
            wanted[: self.spec.trials], before, self.spec, retry_failed=self.retry_failed
        )

    def configs(self, plan: Plan) -> list[tuple[Resolved, int]]:
        """Return the configs of the trials that a plan trains, and how many runs each has left.

        For those that a search is to choose some are made up, a few for one without an end.

        Args:
            plan: of this request.
        """
        counted = [(one.overrides, self._runs_left(one)) for one in plan.entries]
        found = [(self.base.override(overrides), runs) for overrides, runs in counted if runs]
        if self.spec.kind != "search":
            return found
        left = _SOME if self.spec.trials is None else self.spec.trials - len(plan.entries)
        made_up = [(self.base.override(one), len(self._seeds(one))) for one in probes(self.spec)]
        return [*found, *islice(cycle(made_up), max(0, left))]

    def _runs_left(self, entry: Entry) -> int:
        return entry.runs_left(self._seeds(entry.overrides))

    def _seeds(self, overrides: Mapping[str, Any]) -> list[int | None]:
        return seeds_of(self.spec, overrides, self.base.config.seed)

    def write(self) -> Plan:
        """Write the sweep's folder, or bring it to what is asked; return what that changed.

        Raises:
            RunError: another process works on the sweep as it was, or the work_dir cannot be
                written.
        """
        if self.storage is not None:
            open_storage(self.paths, self.storage)  # refused before there is a folder
        WorkDir(self.paths.work_dir).check_name(None)
        with os_errors_as("cannot write in this work_dir", self.paths.path, RunError):
            self.paths.path.mkdir(parents=True, exist_ok=True)
        with locked(self.paths.lock):
            known, plan = self._record(), self.plan()
            digest = digest_of(self.values)
            as_it_is = known is not None and known.config_sha256 == digest and not plan.changes
            if not as_it_is:
                self._require_alone(known)
            write_base(self.paths, self.values, self.spec)
            study = known.study if as_it_is and known else self._write_study(known, plan)
            # Last: from here on the study is the sweep's. Until then nobody trains by a config
            # that is another than the record's.
            atomic_json(self.paths.record, self._next_record(known, study).to_json())
        return plan

    def _require_same_storage(self) -> None:
        known = self._record()
        if known is not None and self.storage not in (None, known.storage):
            what = f"the trials of this sweep are in {known.storage or self.paths.journal}"
            hint = "leave out --storage, or give another --name"
            raise RunError(what, where=f"--storage {self.storage}", hint=hint)

    def _require_free_names(self) -> None:
        """Refuse names of runs that are there and not of this sweep.

        Raises:
            RunError: says of which.
        """
        known, place = self._record(), self._work_dir.path
        for name in (one.run for one in self.spec.runs if one.run is not None):
            if not self._is_there(name):
                left = self._work_dir.run(name)
                if not (never_began(left) and is_written(left)):  # what a kill left is replaced
                    WorkDir(place).check_name(name, force=never_began(left))
                continue
            own = read_record(self._work_dir.run(name).provenance).get("sweep") or {}
            if known is None or own.get("uuid") != known.uuid:
                what = f"run {name!r} is there already, and is not of this sweep"
                raise RunError(what, where=str(place), hint="give that trial another name")

    def _is_there(self, name: str | None) -> bool:
        return name is not None and self._work_dir.run(name).provenance.exists()

    @property
    def _work_dir(self) -> WorkDirPaths:
        return WorkDirPaths(self.paths.work_dir)

    def _record(self) -> SweepRecord | None:
        return SweepRecord.read(self.paths.record) if os.path.lexists(self.paths.record) else None

    def _before(self, record: SweepRecord | None) -> Before:
        if record is None:
            return Before([], self.spec, self._work_dir)
        spec = SweepSpec.from_json(record.spec)
        storage = read_storage(self.paths, record.storage)
        trials = open_study(storage, record.study, spec).get_trials(deepcopy=False)
        return Before(trials, spec, self._work_dir, completed_trials(storage, record.name))

    def _next_record(self, known: SweepRecord | None, study: str) -> SweepRecord:
        return SweepRecord(
            name=self.paths.name,
            uuid=uuid.uuid4().hex if known is None else known.uuid,
            created=time.time() if known is None else known.created,
            spec=self.spec.to_json(),
            study=study,
            revision=0 if known is None else known.revision + (known.study != study),
            config_sha256=digest_of(self.values),
            data_fingerprint=self.data.base,
            data_fingerprints=dict(self.data.others),
            objects=self.objects,
            storage=self.storage if known is None else known.storage,
            metric=self.monitor.metric,
            mode="min" if self.monitor.mode == "min" else "max",
        )

    def _write_study(self, known: SweepRecord | None, plan: Plan) -> str:
        """Make a study of what is asked; return its name."""
        storage = open_storage(self.paths, self.storage if known is None else known.storage)
        name = create_study(storage, self.paths.name, self.monitor.mode)
        study = open_study(storage, name, self.spec)
        add_trials(study, plan.entries, self.spec)
        return name

    def _require_alone(self, known: SweepRecord | None) -> None:
        """Refuse to change a sweep that another process works on."""
        for one in self._before(known).trials:
            worker = one.user_attrs.get(WORKER)
            if one.state == TrialState.RUNNING and worker and not is_gone(self.paths, worker):
                pid = worker.get("pid")
                raise RunError(
                    f"process {pid} works on this sweep, and what is asked now changes it",
                    where=str(self.paths.path),
                    hint="wait for it or stop it, or give another --name",
                )
