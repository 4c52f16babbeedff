"""Which keys made the difference, and why there may be nothing to say of it."""

import math
import sys
from random import Random

import optuna
import pytest

from stride.sweeps.report.importances import importances

CHOICES = optuna.distributions.CategoricalDistribution(["a", "b"])
UNIT = optuna.distributions.FloatDistribution(0.0, 1.0)
ONE = optuna.distributions.FloatDistribution(1.0, 1.0)


def found_in(values, count):
    """Return the importances where `values` gives the value of each of so many random trials."""
    study, random = optuna.create_study(), Random(0)
    for _ in range(count):
        params = {"x": random.random(), "y": random.random(), "kind": random.choice("ab")}
        kinds = {"x": UNIT, "y": UNIT, "kind": CHOICES, "fixed": ONE}
        study.add_trial(
            optuna.create_trial(
                params=params | {"fixed": 1.0}, distributions=kinds, value=values(params)
            )
        )
    return importances(study, study.trials)


def test_the_key_that_decides_comes_first_and_what_was_not_varied_is_left_out():
    found = found_in(lambda params: params["y"], 60)
    assert next(iter(found.shares)) == "y" and found.shares["y"] > 0.8
    assert found.shares.keys() == {"x", "y", "kind"}
    assert sum(found.shares.values()) == pytest.approx(1)
    assert (found.trials, found.why) == (60, "")


def test_of_few_trials_they_are_called_rough():
    assert found_in(lambda params: params["y"], 20).why == "rough: of 20 trials, and 41 are advised"


def test_trials_that_are_not_finite_do_not_count():
    found = found_in(lambda params: params["y"] if params["kind"] == "a" else math.inf, 14)
    assert found.shares == {} and found.trials < 10
    assert found.why.endswith("complete trials have a finite value, and 10 are needed")


def test_it_is_said_why_there_are_none():
    assert found_in(lambda params: 0.5, 20).why == "all trials have the same value"
    study = optuna.create_study()
    study.add_trial(optuna.create_trial(value=1.0))
    assert importances(study, study.trials).why == "nothing was varied"


def test_nothing_stays_of_an_import_without_scikit_learn(monkeypatch):
    for name in ["sklearn", *sys.modules]:
        if name == "sklearn" or name.startswith("optuna.importance"):
            monkeypatch.delitem(sys.modules, name, raising=False)
    before = optuna.importance
    assert found_in(lambda params: params["y"], 20).shares
    assert optuna.importance is before
    assert not [name for name in sys.modules if name.startswith("optuna.importance")]
    assert "sklearn" not in sys.modules
