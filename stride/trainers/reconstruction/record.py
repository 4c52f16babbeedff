"""Record a reconstruction epoch by epoch: errors, areas, time and milestones."""

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from stride.callbacks.base import Callback
from stride.callbacks.protocols import TrainerLike
from stride.config.metrics import metric_name
from stride.engine.hooks import VALIDATION
from stride.loggers.csv_table import CsvTable
from stride.models.model import network_part
from stride.models.weights import weights_bytes
from stride.trainer.fit.session import Session
from stride.trainers.reconstruction.history import History
from stride.trainers.reconstruction.scoring import Scorer, Scores
from stride.trainers.reconstruction.seconds import StopwatchOfSegments
from stride.trainers.reconstruction.splits import MeasuredSplit
from stride.trainers.reconstruction.summary import summary

Row = dict[str, float]
_NOTHING: Mapping[str, Tensor] = MappingProxyType({})


class Record(Callback):
    """Measure all splits before the first epoch and after each, as a part of the state.

    What is measured after an epoch is the model that goes on: the best one after a swap.

    Args:
        session: as it was built, before anything is restored.
        splits: that are measured.
        scorer: scores their samples.
        history: of the weights.

    Attributes:
        milestones: epochs whose weights and errors are kept.
        watch: counts the time of the epochs, a part of the state by itself.
        tested: what the final model is measured to on the test split, once it is known.
    """

    def __init__(
        self, session: Session, splits: Sequence[MeasuredSplit], scorer: Scorer, history: History
    ) -> None:
        self._session, self._splits = session, splits
        self._scorer, self._history = scorer, history
        self._every = session.assembly.config.reconstruction_config.milestone_every
        self._rows: list[Row] = []
        self.milestones: list[int] = []
        self.tested: dict[str, float] = {}
        self._table: CsvTable | None = None
        self.watch = StopwatchOfSegments()

    def before_train(self, trainer: TrainerLike) -> None:
        """Begin to count the time; measure what is not trained yet."""
        self.watch.begin()
        if trainer.state.step == 0:
            self._measure(swapped=False)

    def after_evaluate(
        self, trainer: TrainerLike, metrics: dict[str, float], split: str = VALIDATION
    ) -> None:
        """Choose the weights to go on with, and measure them; at the end, tell what was tested."""
        if split == "test":
            metrics |= self.tested
        if split != VALIDATION:
            return
        self._history.note(metrics)
        if trainer.state.position == 0:  # the epoch is over
            self._measure(swapped=self._history.go_on(metrics))

    def after_train(self, trainer: TrainerLike) -> None:
        """Make errors.csv whole and durable, though nothing was left to train."""
        self._open().close()

    def on_exception(self, trainer: TrainerLike, error: BaseException) -> None:
        """Let errors.csv go."""
        if self._table is not None:
            self._table.close()

    def _measure(self, *, swapped: bool) -> None:
        state, run = self._session.state, self._session.run
        scores = self.scores()
        values = dict(self._values(scores))
        place = {"epoch": state.epoch, "step": state.step, "swapped": int(swapped)}
        self._add({**place, **values})
        run.log("swapped", int(swapped))
        for name, value in values.items():
            if not math.isnan(value):
                run.log(metric_name(*name.split("/")), value)
        if state.epoch == 0 or (self._every and state.epoch % self._every == 0):
            self._keep(scores)

    def scores(self) -> dict[str, Scores]:
        """Return what the samples of each split score by the model as it is, by the split's key."""
        session, found = self._session, {}
        with session.callbacks.weights.evaluated(session.assembly.model):
            for split in self._splits:
                with session.drawing(split.name):
                    found[split.key] = self._scorer.of(split.inputs(), points=split.ranks)
        return found

    def _values(self, scores: Mapping[str, Scores]) -> Iterator[tuple[str, float]]:
        for split in self._splits:
            for name, value in summary(split, scores[split.key]).items():
                yield f"{split.key}/{name}", value

    def _add(self, row: Row) -> None:
        table = self._open()
        self._rows.append(row)
        table.append(_cells(row, self.watch.lap()))

    def _open(self) -> CsvTable:
        """Return the table; the first time in a process it is made of the rows that count."""
        if self._table is None:
            paths = self._session.run.paths
            rows = map(_cells, self._rows, self.watch.laps)
            self._table = CsvTable(paths, paths.errors_csv, rows)
        return self._table

    def _keep(self, scores: Mapping[str, Scores]) -> None:
        """Keep weights and errors as a milestone."""
        run, epoch = self._session.run, self._session.state.epoch
        model = self._session.assembly.model
        with self._session.callbacks.weights.evaluated(model):
            run.commit(run.paths.milestone(epoch), weights_bytes(network_part(model.state_dict())))
        run.commit(run.paths.milestone_errors(epoch), errors_bytes(scores))
        self.milestones.append(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return the rows so far, but for their times, and the milestones."""
        columns = list(dict.fromkeys(name for row in self._rows for name in row))  # forks add some
        rows = [[row.get(name, math.nan) for name in columns] for row in self._rows]
        return {
            "columns": columns,
            "rows": torch.tensor(rows, dtype=torch.float64),
            "milestones": list(self.milestones),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take them."""
        columns = state["columns"]
        self._rows = [dict(zip(columns, row, strict=True)) for row in state["rows"].tolist()]
        self.milestones = list(state["milestones"])


def errors_bytes(scores: Mapping[str, Scores], others: Mapping[str, Tensor] = _NOTHING) -> bytes:
    """Return a safetensors file of the errors of each sample, as `<split>/<error>`, and others."""
    named = {
        f"{key}/{name}": values
        for key, one in scores.items()
        for name, values in one.errors.items()
    }
    return save({name: one.clone().contiguous() for name, one in {**others, **named}.items()})


def _cells(row: Row, times: Mapping[str, float]) -> dict[str, Any]:
    """Return a row as it is written: counts as whole numbers, what is not defined as nothing."""
    counts = {name: int(row[name]) for name in ("epoch", "step", "swapped")}
    values = {name: "" if math.isnan(value) else value for name, value in row.items()}
    return {**counts, **times, **{n: value for n, value in values.items() if n not in counts}}
