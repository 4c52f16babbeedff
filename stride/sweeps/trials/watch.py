"""Watch the run of a trial: tell the storage where it is, and report its evaluations."""

from collections.abc import Callable

from stride.callbacks.protocols import TrainerLike
from stride.callbacks.stopping import StoppingCallback
from stride.engine.state import TrainState
from stride.sweeps.trials.trial import PRUNED, OpenTrial

PRUNED_REASON = "pruned"
"""How the reason of a run begins that the sweep's pruner has ended."""


class TrialWatch(StoppingCallback):
    """Note the run that is claimed for a trial, and end it where the pruner says so.

    Nothing of it is in a checkpoint: what was reported and decided is in the storage of the sweep,
    so that the run's own files are those that it would have alone.

    Args:
        trial: whose run it is.
        seed: which of its runs.
        metric: that is reported; empty where nothing is pruned by it.
        by_step: whether evaluations are counted by steps, not by epochs.
        state: gives the counters of the training under way.
    """

    def __init__(
        self,
        trial: OpenTrial,
        seed: int | None,
        metric: str,
        *,
        by_step: bool,
        state: Callable[[], TrainState],
    ) -> None:
        self._trial, self._seed, self._metric = trial, seed, metric
        self._by_step, self._state = by_step, state
        self._pruned_at: int | None = trial.noted(PRUNED) if metric else None

    def before_train(self, trainer: TrainerLike) -> None:
        """Note where the run is."""
        run = trainer.run
        self._trial.note_run(self._seed, run=run.paths.name, uuid=run.identity["uuid"])

    def after_evaluate(self, trainer: TrainerLike, metrics: dict[str, float]) -> None:
        """Report the value, and take the pruner's decision."""
        value = metrics.get(self._metric)
        if value is None:
            return
        place = self._place
        decided = self._trial.report(place, value)
        self._pruned_at = place if decided else self._pruned_at

    @property
    def _place(self) -> int:
        state = self._state()
        return state.step if self._by_step else state.epoch

    @property
    def reason(self) -> str:
        """Return that the trial is pruned, once the training stands where that was decided."""
        if self._pruned_at is None or self._place < self._pruned_at:
            return ""
        unit = "step" if self._by_step else "epoch"
        return f"{PRUNED_REASON} at {unit} {self._pruned_at}: {self._metric}"
