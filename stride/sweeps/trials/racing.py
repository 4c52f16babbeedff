"""Race configurations over seeds: one that is shown to be worse than the best gets no more."""

from typing import Literal

from optuna.trial import TrialState

from stride.stats.paired import Paired, differences
from stride.sweeps.trials.trial import RUNS, SEED, VALUE, OpenTrial, best_trial


def is_beaten(trial: OpenTrial, mode: Literal["min", "max"]) -> bool:
    """Tell whether a trial is worse than the best finished one over the seeds that both have.

    It is where Student's interval of the mean difference, at 95 %, excludes 0 on the wrong side.

    Args:
        trial: with the values of its finished runs.
        mode: whether smaller or larger values are better.
    """
    done = trial.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    best = best_trial(done, mode)
    if best is None:
        return False
    incumbent = {one[SEED]: one[VALUE] for one in best.user_attrs.get(RUNS, []) if VALUE in one}
    return Paired.of(differences(trial.values(), incumbent)).verdict(mode) == "worse"
