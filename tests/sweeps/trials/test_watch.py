"""A run of a trial is watched: its place and values are told, and it ends where that is decided."""

from types import SimpleNamespace

import optuna
import pytest
from optuna.storages import InMemoryStorage

from stride.engine.state import TrainState
from stride.sweeps.trials.trial import OpenTrial
from stride.sweeps.trials.watch import TrialWatch


class Watched:
    """A training as its watch sees it."""

    def __init__(self, trial: OpenTrial, metric: str = "loss", *, by_step: bool = False) -> None:
        self.state = TrainState()
        self.trial = trial
        self.run = SimpleNamespace(paths=SimpleNamespace(name="7"), identity={"uuid": "u"})
        state = lambda: self.state  # noqa: E731
        self.watch = TrialWatch(trial, None, metric, by_step=by_step, state=state)

    def evaluate(self, value: float) -> str:
        self.state.epoch += 1
        self.state.step += 10
        self.watch.after_evaluate(self, {"loss": value})  # type: ignore[arg-type]
        return self.watch.reason


@pytest.fixture
def trial() -> OpenTrial:
    storage, pruner = InMemoryStorage(), optuna.pruners.ThresholdPruner(upper=1.0)
    study = optuna.create_study(storage=storage, pruner=pruner)
    return OpenTrial(study, storage, study.ask().number, {})


def test_the_run_is_noted(trial) -> None:
    watched = Watched(trial)
    watched.watch.before_train(watched)
    assert trial.run_of(None) == {"seed": None, "run": "7", "uuid": "u"}


def test_a_training_ends_where_the_pruner_says_so(trial) -> None:
    watched = Watched(trial)
    assert watched.evaluate(0.5) == ""
    assert watched.evaluate(2.0) == "pruned at epoch 2: loss"
    assert trial.frozen().intermediate_values == {1: 0.5, 2: 2.0}


def test_one_that_was_decided_before_a_kill_ends_there_again_and_not_earlier(trial) -> None:
    first = Watched(trial)
    first.evaluate(0.5)
    first.evaluate(2.0)
    again = Watched(trial)  # from its start: no checkpoint was left
    assert again.watch.reason == ""
    assert again.evaluate(0.5) == ""
    assert again.evaluate(2.0) == "pruned at epoch 2: loss"


def test_evaluations_inside_of_epochs_are_counted_by_steps(trial) -> None:
    watched = Watched(trial, by_step=True)
    watched.evaluate(0.5)
    assert watched.evaluate(2.0) == "pruned at step 20: loss"


@pytest.mark.parametrize("metric", ["", "accuracy"])
def test_what_is_not_evaluated_is_not_reported(trial, metric) -> None:
    watched = Watched(trial, metric)
    assert watched.evaluate(2.0) == ""
    assert trial.frozen().intermediate_values == {}
