"""Follow a run: evaluate its checkpoints as they appear, until it has ended."""

import hashlib
import math
import time
from collections.abc import Callable, Mapping
from functools import cached_property

from stride.errors import RunError
from stride.log import LOGGER
from stride.runs.evaluations.write import Evaluations
from stride.runs.records.streams import EvaluationRow
from stride.tables.words import number
from stride.trainer.evaluation.checkpoint_model import CheckpointModel, Request
from stride.trainer.evaluation.waiting import Waiting, WaitingCheckpoints
from stride.trainer.starts.loaded import LoadedRun

EVERY = 5.0
"""Seconds between two looks for a checkpoint."""


def told(row: EvaluationRow) -> str:
    """Say in a line what a checkpoint was evaluated to."""
    values = ", ".join(f"{name} = {number(value)}" for name, value in sorted(row.values.items()))
    best = "" if row.best_sha256 is None else " (the best so far)"
    return f"epoch {row.epoch}, step {row.step}: {values}{best}"


class Follower:
    """Evaluate the checkpoints of a run, the newest first, and add a row for each.

    It has to be the only one: see `sole_evaluator`. A checkpoint that has a row, of whichever
    process, is not evaluated again.

    Args:
        run: it may be under way.
        request: what each checkpoint is evaluated to.
        tell: is given each row that was added.

    Attributes:
        num_evaluated: how many checkpoints.
    """

    def __init__(
        self, run: LoadedRun, request: Request, tell: Callable[[EvaluationRow], object]
    ) -> None:
        self._run, self._request, self._tell = run, request, tell
        self._files = Evaluations(run.paths)
        self.num_evaluated = 0

    @property
    def num_skipped(self) -> int:
        """Return how many checkpoints went before they were evaluated, as far as they were seen."""
        return self._waiting.num_skipped if "_waiting" in vars(self) else 0

    def follow(self, goes_on: Callable[[], bool], wait: Callable[[], object]) -> None:
        """Evaluate what is there and what comes, until the run has ended and nothing is left.

        Args:
            goes_on: tells whether further checkpoints may come.
            wait: is called where none waits.

        Raises:
            UserError: as `CheckpointModel`.
            StrideError: a row cannot be written.
        """
        while not self._files.is_gone():
            going = goes_on()  # asked before the look: after an end no checkpoint comes
            found = self._newest()
            if found is not None:
                self._evaluate(found)
            elif going:
                wait()
            else:
                return
        LOGGER.warning("the run has left %s: nothing more is evaluated", self._run.path)

    def _newest(self) -> Waiting | None:
        # Before its first checkpoint a run may lack what its data is built by.
        return self._waiting.newest() if self._run.paths.checkpoint_names() else None

    @cached_property
    def _model(self) -> CheckpointModel:
        return CheckpointModel(self._run, self._request)

    @cached_property
    def _waiting(self) -> WaitingCheckpoints:
        asked, rows = self._model.asked(), self._files.rows
        return WaitingCheckpoints(self._run.paths, asked, rows, LOGGER.warning)

    def _evaluate(self, waiting: Waiting) -> None:
        began, record = time.monotonic(), waiting.record
        try:
            self._model.take(self._run.paths.checkpoint(waiting.name))
        except RunError as error:
            self._waiting.skip(waiting.name, str(error))
            return
        values = self._model.evaluate(record.step)
        if self._files.is_gone():  # what was written now would be another run's
            return
        best = self._model.weights() if self._is_best(values, record.step) else b""
        row = EvaluationRow(
            step=record.step,
            epoch=record.epoch,
            time=time.time(),
            seconds=time.monotonic() - began,
            checkpoint=waiting.name,
            model_sha256=waiting.model_sha256,
            values=values,
            best_sha256=hashlib.sha256(best).hexdigest() if best else None,
            **self._model.asked(),
        )
        self._files.add(row, best)
        self._waiting.settle(waiting.name)
        self.num_evaluated += 1
        self._tell(row)

    def _is_best(self, values: Mapping[str, float], step: int) -> bool:
        """Tell whether a checkpoint is the best so far by the metric that decides in the run.

        Of equal ones that of the earlier step is, in whatever order they are evaluated. Under
        another config than the run's nothing can be compared.
        """
        monitor, best = self._model.monitor, self._files.best or {"values": {}, "step": 0}
        value, known = values.get(monitor.metric, math.nan), best["values"].get(monitor.metric)
        earlier = value == known and step < best["step"]
        return not self._model.overrides and (monitor.improves(value, known) or earlier)
