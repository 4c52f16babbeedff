"""A configuration that is shown to be worse than the best gets no further seeds."""

import optuna
import pytest
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState

from stride.sweeps.trials.racing import is_beaten
from stride.sweeps.trials.trial import OpenTrial, Outcome

NAME = "raced"


def a_storage(*trials, direction="minimize"):
    """Return the storage of a study whose trials are done, each with the values of its runs."""
    storage = InMemoryStorage()
    optuna.create_study(study_name=NAME, storage=storage, direction=direction)
    for values in trials:
        trial = with_runs(storage, values)
        trial.tell(Outcome(TrialState.COMPLETE, sum(values) / len(values)))
    return storage


def with_runs(storage, values) -> OpenTrial:
    study = optuna.load_study(study_name=NAME, storage=storage)
    trial = OpenTrial(study, storage, study.ask().number, {})
    for seed, value in enumerate(values):
        trial.note_run(seed, run=str(seed), uuid="0", value=value)
    return trial


@pytest.mark.parametrize(
    ("values", "beaten"),
    [
        ([2.0, 2.11, 2.05], True),
        ([0.2, 0.11, 0.15], False),
        ([1.0, 1.2, 0.9], False),
        ([2.0], False),  # one difference says nothing
        ([float("inf"), 2.0], False),
    ],
)
def test_it_is_beaten_where_the_interval_of_the_differences_excludes_0(values, beaten) -> None:
    storage = a_storage([1.0, 1.1, 1.06], [3.0, 3.0, 3.0])
    assert is_beaten(with_runs(storage, values), "min") is beaten


def test_larger_values_are_better_where_the_mode_says_so() -> None:
    storage = a_storage([0.9, 0.91, 0.89], direction="maximize")
    assert is_beaten(with_runs(storage, [0.2, 0.22, 0.2]), "max")
    assert not is_beaten(with_runs(storage, [0.99, 0.98, 0.985]), "max")


def test_nothing_is_beaten_before_a_trial_is_done() -> None:
    storage = a_storage()
    with_runs(storage, [0.0, 0.0, 0.0])  # under way
    assert not is_beaten(with_runs(storage, [9.0, 9.1, 9.2]), "min")
