"""Do a run again from its folder, and prove that it is the same, or say where it is not."""

import math
from dataclasses import dataclass, field
from os import PathLike
from typing import Self

from stride.callbacks.base import Callback
from stride.callbacks.protocols import TrainerLike
from stride.config import Overrides
from stride.distributed import world_size
from stride.models.steps.step import Step
from stride.runs.files.atomic import atomic_json
from stride.runs.layout import RunPaths
from stride.runs.records.reproduction import ReproductionRecord
from stride.runs.records.status import StatusRecord
from stride.runs.reproduction.compare import (
    compare_runs,
    damaged_weights,
    differences,
    edits,
    last_fingerprinted_step,
)
from stride.runs.run import Run
from stride.runs.writer import RunWriter
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.run_start import NewRun, Values
from stride.trainer.fit.session import Session
from stride.trainer.starts.rebuild import normalization_of, recorded
from stride.trainer.starts.requirements import (
    evaluation_draws_of,
    require_whole_config,
    start_of,
    threads_of,
)


@dataclass
class ReproducedRun(NewRun):
    """Begin a new run as a recorded one began: same config, start weights, statistics, threads.

    Attributes:
        run: the recorded one.
        uuid: that run's own.
        steps: after how many to end, None for as many as were recorded.
    """

    name = "reproduction"

    run: Run = field(kw_only=True)
    uuid: str = field(kw_only=True)
    steps: int | None = field(default=None, kw_only=True)
    _differences: list[str] = field(default_factory=list, init=False)

    @classmethod
    def of(cls, path: str | PathLike[str], *overrides: Overrides, steps: int | None = None) -> Self:
        """Look at a run that is to be done again.

        Raises:
            RunError: there is no such run, or it is broken.
        """
        run = Run(path)
        require_whole_config(run)
        made = cls(
            recorded(run, *overrides),
            run=run,
            uuid=StatusRecord.read(run.paths.status).uuid,  # refused now, not after the training
            steps=steps,
            normalization=normalization_of(run),
            threads=threads_of(run),
            evaluation_draws=evaluation_draws_of(run),
        )
        ends = [n for n in (steps, last_fingerprinted_step(run.paths, steps or math.inf)) if n]
        made.callbacks += [StopAt(min(ends))] if ends else []
        return made

    def restore(self, session: Session) -> None:
        """Start from the run's own start weights, or from what it was forked from."""
        self.saved = start_of(self.run, session)
        if self.saved:
            session.restore_counters(self.saved)

    def keeps_start(self, assembly: Assembly) -> bool:
        """Tell whether the run has to keep its start weights, as the recorded one had."""
        return super().keeps_start(assembly) or self.run.paths.initial_weights.is_file()

    def lineage(self) -> Values:
        """Return the run that this one reproduces, and the checkpoint from which both begin."""
        parent = self.run.provenance.get("parent", {})
        begins = {key: parent.get(key) for key in ("checkpoint", "step")} if self.saved else {}
        return {
            "uuid": self.uuid,
            "run": str(self.run.paths.path),
            "relation": "reproduction",
            **begins,
        }

    def take(self, config: Values, provenance: Values, patch: bytes) -> RunWriter:
        """Claim the next run."""
        damage = damaged_weights(self.run) if self.steps is None else []
        changed = differences(self.run.provenance, provenance)
        self._differences = [*damage, *edits(self.run.paths), *changed]
        return super().take(config, provenance, patch)

    def messages(self) -> list[str]:
        """Say what is done again, and what has changed."""
        lines = [f"reproducing {self.run.path}", *(f"changed: {one}" for one in self._differences)]
        processes = len(self.run.provenance.get("devices", [])) or 1
        if processes != world_size():
            lines.append(f"the original ran in {processes} processes, this one in {world_size()}")
        return lines

    def verdict(self, copy: RunPaths) -> ReproductionRecord:
        """Compare the run with its copy, which has ended, and write down what came out."""
        record = compare_runs(self.run.paths, copy, steps=self.steps)
        atomic_json(copy.reproduction, record.to_json())
        return record


class StopAt(Callback):
    """End a training after so many steps."""

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def after_step(self, trainer: TrainerLike, step: Step) -> None:
        """Ask for the end when the step is reached."""
        if trainer.state.step >= self._steps:
            trainer.stop(f"step {self._steps} is reached", status="done")
