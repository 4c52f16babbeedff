"""Pruners by name, with their arguments; one may hold another."""

import optuna
import pytest

from stride.errors import ComponentError, ConfigError
from stride.sweeps.search.pruners.build import NAMES, build_pruner, pruner_class
from stride.sweeps.search.pruners.pfl import PFLPruner

NEEDED = {
    "percentile": {"percentile": 25.0},
    "threshold": {"upper": 1.0},
    "patient": {"wrapped_pruner": "median", "patience": 2},
    "pfl": {"target_epoch": 10},
}


@pytest.mark.parametrize("name", NAMES)
def test_a_pruner_is_made_by_its_name(name) -> None:
    made = build_pruner(name, NEEDED.get(name, {}))
    assert type(made).__name__ == NAMES[name] and type(made) is pruner_class(NAMES[name])
    study = optuna.create_study(pruner=made)
    trial = study.ask()
    trial.report(0.5, 1)
    assert trial.should_prune() is False


def test_one_holds_another() -> None:
    within = {"pruner_name": "median", "n_warmup_steps": 7}
    patient = build_pruner("patient", {"wrapped_pruner": within, "patience": 2})
    assert patient._wrapped_pruner._n_warmup_steps == 7
    alone = build_pruner("patient", {"wrapped_pruner": None, "patience": 2})
    assert alone._wrapped_pruner is None
    with pytest.raises(ComponentError, match="did you mean 'median'"):
        build_pruner("patient", {"wrapped_pruner": "medan", "patience": 2})


def test_arguments_reach_the_pruner() -> None:
    assert build_pruner("median", {"n_startup_trials": 3})._n_startup_trials == 3
    assert isinstance(build_pruner("PFLPruner", {"target_epoch": 3, "top_k": 2}), PFLPruner)


@pytest.mark.parametrize(
    ("name", "arguments", "kind", "words"),
    [
        ("medan", {}, ComponentError, "no pruner 'medan'.*did you mean 'median'"),
        ("BasePruner", {}, ComponentError, "no pruner 'BasePruner'"),
        ("median", {"warmup": 3}, ConfigError, "unknown key pruner_kwargs.warmup"),
        ("median", {"n_startup_trials": -1}, ComponentError, "pruner_kwargs is refused: "),
        ("pfl", {"target_epoch": 0}, ComponentError, "target_epoch=0 must be at least 1"),
        ("threshold", {}, ComponentError, "Either lower or upper must be specified"),
    ],
)
def test_what_is_wrong_is_refused(name, arguments, kind, words) -> None:
    with pytest.raises(kind, match=words):
        build_pruner(name, arguments)


def test_an_argument_that_is_missing_is_told_as_it_is_typed() -> None:
    with pytest.raises(ConfigError) as refused:
        build_pruner("percentile", {})
    assert refused.value.hint == "type --pruner 'NAME(percentile=...)'"
