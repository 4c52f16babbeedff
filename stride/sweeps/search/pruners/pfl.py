"""Prune trials by the loss that they are likely to end with."""

import heapq
import math
from typing import final

from optuna.pruners import BasePruner
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from stride.stats.forecast import predicted_final_by_epoch


@final
class PFLPruner(BasePruner):
    """Prune a trial whose predicted final loss (PFL) is worse than that of all the best trials.

    The values that a trial reports, one for each evaluated epoch under the number of completed
    epochs, are continued to `target_epoch` by `stride.stats.forecast`. So are those of the
    completed trials with the `top_k` best final values; one that reported nothing counts by its
    final value. A trial is pruned where its forecast is worse than the worst of theirs: larger in
    a study that minimises, smaller in one that maximises, as an accuracy.
    Where values are reported under steps, all that is called an epoch here is a step.

    A trial whose newest value is not finite is pruned whenever that is. No other is before
    `n_startup_trials` trials are complete, nor in its first `n_warmup_epochs` epochs: forecasts
    of fewer than 10 values are the last of them.

    The object holds its arguments and nothing else. Each decision follows from what the storage
    holds of the study, so that a sweep that is started again, and several processes at once, all
    decide alike.

    Args:
        target_epoch: with how many epochs a trial ends.
        n_startup_trials: so many trials must be complete before one is pruned.
        n_warmup_epochs: so many epochs of each trial pass without a look at its forecast.
        top_k: with how many of the best completed trials one is compared, those that there are
            while there are fewer.

    Raises:
        ValueError: an argument is too small.
    """

    def __init__(
        self,
        target_epoch: int,
        n_startup_trials: int = 10,
        n_warmup_epochs: int = 10,
        top_k: int = 10,
    ) -> None:
        for name, value, least in (
            ("target_epoch", target_epoch, 1),
            ("n_startup_trials", n_startup_trials, 0),
            ("n_warmup_epochs", n_warmup_epochs, 0),
            ("top_k", top_k, 1),
        ):
            if value < least:
                raise ValueError(f"{name}={value} must be at least {least}")
        self._target_epoch = target_epoch
        self._n_startup_trials = n_startup_trials
        self._n_warmup_epochs = n_warmup_epochs
        self._top_k = top_k

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Tell whether a trial is to end now."""
        epoch = trial.last_step
        if epoch is None:
            return False
        if not math.isfinite(trial.intermediate_values[epoch]):
            return True
        completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if len(completed) < self._n_startup_trials or epoch <= self._n_warmup_epochs:
            return False
        sign = -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0
        return self._forecast(trial, sign) > self._worst_of_best(completed, sign)

    def _worst_of_best(self, completed: list[FrozenTrial], sign: float) -> float:
        """Return the worst forecast among the best trials; infinity where there is none."""
        best = heapq.nsmallest(self._top_k, completed, key=lambda one: sign * _final_value(one))
        forecasts = (self._forecast(one, sign) for one in best)
        return max(filter(math.isfinite, forecasts), default=math.inf)

    def _forecast(self, trial: FrozenTrial, sign: float) -> float:
        """Return the forecast of a trial, larger is worse."""
        curve = trial.intermediate_values
        if not curve:
            return sign * _final_value(trial)
        return sign * predicted_final_by_epoch(curve, self._target_epoch)


def _final_value(trial: FrozenTrial) -> float:
    assert trial.value is not None  # it is complete
    return trial.value
