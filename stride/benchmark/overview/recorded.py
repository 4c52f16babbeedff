"""Read what a reconstruction run has recorded: files alone, and no code that they name."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stride.benchmark.overview.epoch_errors import SPLITS, EpochErrors, read_epoch_errors
from stride.benchmark.overview.tensors import Tensors
from stride.errors import BrokenRecord, RunError
from stride.runs.records.reconstruction import ReconstructionRecord, SplitReconstruction
from stride.runs.run import Run
from stride.runs.status import ACTIVE, CLEAN_END, RESUMABLE, current_state
from stride.visible import quoted

FINAL = "final"
_TRAINERS = ("reconstruction", "by_epochs")


@dataclass(frozen=True)
class Recorded:
    """A reconstruction run as it lies.

    Attributes:
        run: its folder.
        state: that it is in.
        epochs: the errors after each.
        record: of the final model; None while the run is trained.
    """

    run: Run
    state: str
    epochs: EpochErrors
    record: ReconstructionRecord | None

    @property
    def splits(self) -> Mapping[str, SplitReconstruction]:
        """Return what the final model makes of each split; nothing while there is none."""
        found = {} if self.record is None else self.record.splits
        return {name: found[name] for name in SPLITS if name in found}

    @property
    def score(self) -> str:
        """Return the error that samples are ranked by: the first while the run is trained."""
        return self.epochs.errors[0] if self.record is None else self.record.score

    @cached_property
    def milestones(self) -> Mapping[str, Tensors]:
        """Return the errors of each sample by milestone, the final model's the last."""
        paths = self.run.paths
        epochs = [str(int(epoch)) for epoch in self.epochs.epochs]
        files = {epoch: Tensors(paths.milestone_errors(int(epoch))) for epoch in epochs}
        if self.record is not None:
            files[FINAL] = Tensors(paths.final_errors)
        return {name: one for name, one in files.items() if one.names}

    @property
    def before_final(self) -> list[int]:
        """Return the milestones of epochs before that of the final model."""
        if self.record is None:
            return []
        return [epoch for epoch in self.record.milestones if epoch < self.record.epoch]

    @cached_property
    def examples(self) -> Tensors:
        """Return inputs and outputs of the examples, which are the final model's."""
        return Tensors(self.run.paths.examples)


def read_recorded(folder: Path) -> Recorded:
    """Read a reconstruction run, be it under way.

    Raises:
        RunError: it is another kind of run, has recorded nothing yet, has not come to its end, or
            a file of it is broken; says what to type.
    """
    run = Run(folder)
    state, _ = current_state(run.paths)
    if not run.paths.errors_csv.exists():
        raise _nothing_there(run, state)
    record = None if state in ACTIVE else _final(run, state)
    found = Recorded(run, state, read_epoch_errors(run.paths.errors_csv), record)
    if not len(found.epochs) or not found.epochs.errors:
        raise _nothing_there(run, state)
    return found


def _final(run: Run, state: str) -> ReconstructionRecord:
    if state not in CLEAN_END or (state in RESUMABLE and not run.paths.reconstruction.exists()):
        hint = f"type: stride resume {quoted(run.path)}"
        raise RunError(f"the run has not come to its end: {state}", where=str(run.path), hint=hint)
    if not run.paths.reconstruction.exists():
        what = "the run is done and has no reconstruction.json"
        hint = f"type: stride verify {quoted(run.path)}"
        raise BrokenRecord(what, where=str(run.path), hint=hint)
    return ReconstructionRecord.read(run.paths.reconstruction)


def _nothing_there(run: Run, state: str) -> RunError:
    """Return why there is nothing to look at."""
    trainer = run.raw_config.get("trainer")
    if trainer not in _TRAINERS:
        what = f"an overview is of a run of trainer={_TRAINERS[0]}, and this is one of {trainer!r}"
        return RunError(what, where=str(run.path), hint=f"type: stride show {quoted(run.path)}")
    if state in ACTIVE or state == "queued":
        what = f"no epoch is recorded yet: {state}"
        hint = f"type: stride overview {quoted(run.path)} later"
    else:
        what, hint = f"no epoch was recorded: {state}", f"type: stride resume {quoted(run.path)}"
    return RunError(what, where=str(run.path), hint=hint)
