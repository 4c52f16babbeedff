"""What is noted of a trial: reports that come again after a resume, and runs by seed."""

import optuna
import pytest
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState

from stride.sweeps.trials.trial import PRUNED, OpenTrial, Outcome


@pytest.fixture
def trial():
    """Return the second trial of a study whose median pruner has 1.0 to compare with."""
    pruner = optuna.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=2)
    storage = InMemoryStorage()
    study = optuna.create_study(storage=storage, pruner=pruner)
    first = study.ask()
    for step in (1, 2, 3):
        first.report(1.0, step)
    study.tell(first, 1.0)
    return OpenTrial(study, storage, study.ask().number, {})


def test_what_was_reported_is_not_again_and_only_the_last_is_decided_again(trial):
    assert [trial.report(1, 5.0), trial.report(2, 2.0)] == [False, True]
    assert trial.noted(PRUNED) == 2
    assert not trial.report(1, 9.0)  # as a resumed run evaluates again
    assert trial.report(2, 2.0) and trial.noted(PRUNED) == 2
    assert trial.frozen().intermediate_values == {1: 5.0, 2: 2.0}


def test_runs_are_noted_by_seed(trial):
    trial.note_run(0, run="3", uuid="a")
    trial.note_run(1, run="4", uuid="b")
    trial.note_run(0, value=0.5)
    assert trial.run_of(0) == {"seed": 0, "run": "3", "uuid": "a", "value": 0.5}
    assert trial.values() == {0: 0.5} and trial.run_of(2) == {}


def test_a_failed_trial_has_its_error_and_no_value(trial):
    trial.tell(Outcome(TrialState.FAIL, error="Traceback"))
    assert trial.frozen().state == TrialState.FAIL and trial.frozen().value is None
    assert trial.noted("error") == "Traceback"
