"""A worker ends where a trial has failed, be it another worker's, if that is asked for."""

from optuna.trial import TrialState, create_trial

from stride.sweeps.sweeper import Sweeper
from stride.sweeps.worker import Worker
from tests.sweeps.following.conftest import trainer

__all__ = ["trainer"]


def test_a_failure_of_another_worker_ends_this_one_too(trainer) -> None:
    own = trainer()
    asked = {"grid": {"seed": [1, 2, 3]}, "stop_on_error": True}
    sweep = Sweeper(own, **asked).begin()
    failed = create_trial(state=TrialState.FAIL)
    told = []

    def tell(trial, outcome):
        told.append(trial.number)
        sweep.study.add_trial(failed)

    Worker(sweep, own).work(tell)
    assert told == [0]
    Worker(sweep, own).work(tell)  # what had failed before it began ends no worker
    assert told == [0, 1]
