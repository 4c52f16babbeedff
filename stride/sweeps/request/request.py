"""Ask a sweep of a work_dir: check every trial, compare with what there is, write what is new."""

import os
import time
import uuid
from dataclasses import dataclass
from typing import Any, Self

from optuna.trial import TrialState

from stride.callbacks.monitor import Monitor
from stride.config import Resolved
from stride.config.sweep.spec import SweepSpec
from stride.errors import RunError
from stride.runs.files.atomic import atomic_json
from stride.runs.files.lock import locked
from stride.runs.layout import SweepPaths, WorkDirPaths
from stride.runs.records.sweep import SweepRecord
from stride.sweeps.base import base_of, base_values, write_base
from stride.sweeps.request.check import check_trials
from stride.sweeps.request.plan import Before, Entry, Plan, plan_listed, plan_search
from stride.sweeps.request.revise import add_trials
from stride.sweeps.request.setups import Setups
from stride.sweeps.search.storage import open_storage
from stride.sweeps.search.study import build_choosers, create_study, open_study
from stride.sweeps.trials.seeds import seeds_of
from stride.sweeps.trials.trial import WORKER
from stride.sweeps.trials.worker_mark import is_gone
from stride.trainer.trainer import Trainer


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
        data: fingerprint.
        storage: URL of a database, None for a file of the sweep's.
        retry_failed: whether failed trials are trained again.
    """

    paths: SweepPaths
    spec: SweepSpec
    values: dict[str, Any]
    base: Resolved
    setups: Setups
    monitor: Monitor
    data: str
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
            UserError: a key or value of a trial is wrong; tells of which.
        """
        build_choosers(spec)  # refused before there is a folder
        values = base_values(trainer)
        base = base_of(paths, values, spec)
        trainer.builder.require_trust(base)
        check_trials(base, spec, trainer)
        assembly = trainer.builder.assemble(base)
        data = assembly.data.fingerprint
        monitor = assembly.saving_monitor
        setups = Setups(base, data)
        return cls(paths, spec, values, base, setups, monitor, data, storage, retry_failed)

    def plan(self) -> Plan:
        """Compare what is asked with what there is."""
        before = self._before(self._record())
        if self.spec.kind == "search":
            return plan_search(before, self.spec, self.setups.of, retry_failed=self.retry_failed)
        names = [one.run for one in self.spec.runs] or [None] * len(self.spec.points())
        wanted = [
            Entry(point, self.setups.of(point), name)
            for point, name in zip(self.spec.points(), names, strict=True)
        ]
        return plan_listed(
            wanted[: self.spec.trials], before, self.spec, retry_failed=self.retry_failed
        )

    def write(self) -> Plan:
        """Write the sweep's folder, or bring it to what is asked; return what that changed.

        Raises:
            RunError: another process works on the sweep as it was.
        """
        self.paths.path.mkdir(parents=True, exist_ok=True)
        with locked(self.paths.lock):
            known = self._record()
            plan = self.plan()
            record = self._next_record(known, plan)
            if known is None or plan.changes:
                self._require_alone(known)
                write_base(self.paths, self.values)
                self._write_study(record, plan)
            # Last: from here on the study is the sweep's, and a kill before it changes nothing.
            atomic_json(self.paths.record, record.to_json())
        return plan

    def _record(self) -> SweepRecord | None:
        return SweepRecord.read(self.paths.record) if os.path.lexists(self.paths.record) else None

    def _before(self, record: SweepRecord | None) -> Before:
        work_dir = WorkDirPaths(self.paths.path.parent.parent)
        if record is None:
            return Before([], self.spec, work_dir)
        spec = SweepSpec.from_json(record.spec)
        study = open_study(open_storage(self.paths, record.storage), record.study, spec)
        return Before(study.get_trials(deepcopy=False), spec, work_dir)

    def _next_record(self, known: SweepRecord | None, plan: Plan) -> SweepRecord:
        if known is not None and known.mode != self.monitor.mode and not plan.changes:
            raise RuntimeError("a study has one direction")
        revision = 0 if known is None else known.revision + plan.changes
        name = self.paths.name
        return SweepRecord(
            name=name,
            uuid=uuid.uuid4().hex if known is None else known.uuid,
            created=time.time() if known is None else known.created,
            spec=self.spec.to_json(),
            study=name if revision == 0 else f"{name}-{revision + 1}",
            revision=revision,
            data_fingerprint=self.data,
            storage=self.storage if known is None else known.storage,
            metric=self.monitor.metric,
            mode="min" if self.monitor.mode == "min" else "max",
        )

    def _write_study(self, record: SweepRecord, plan: Plan) -> None:
        storage = open_storage(self.paths, record.storage)
        create_study(storage, record.study, record.mode)
        study = open_study(storage, record.study, self.spec)
        first = self.base.config.seed
        add_trials(study, plan.entries, self.spec, lambda own: seeds_of(self.spec, own, first))

    def _require_alone(self, known: SweepRecord | None) -> None:
        """Refuse to change a sweep that another process works on."""
        for one in self._before(known).trials:
            if one.state == TrialState.RUNNING and not is_gone(
                self.paths, one.user_attrs.get(WORKER)
            ):
                pid = one.user_attrs[WORKER].get("pid")
                raise RunError(
                    f"process {pid} works on this sweep, and what is asked now changes it",
                    where=str(self.paths.path),
                    hint="wait for it or stop it, or give another --name",
                )
