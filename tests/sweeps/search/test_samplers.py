"""Samplers by name, whose draws follow from the seed, the number of the trial and the storage."""

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from stride.config.sweep.spec import SweepSpec
from stride.errors import ComponentError, ConfigError
from stride.runs.layout import SweepPaths
from stride.sweeps.search.samplers import EXACT, NAMES, build_sampler, sampler_class
from stride.sweeps.search.space import Space
from stride.sweeps.search.storage import open_storage
from stride.sweeps.search.study import build_choosers, create_study, open_study, quiet
from stride.sweeps.trials.trial import OpenTrial

SEARCH = {
    "lr": "float(1e-4,1e-1,log)",
    "depth": "int(1,4)",
    "optimizer": "choice(SGD,AdamW)",
    "momentum": "float(0,0.9,step=0.3) if optimizer=SGD",
}


def spec_of(sampler, search=SEARCH, **more):
    section = {"sampler_name": sampler} if isinstance(sampler, str) else sampler
    return SweepSpec.from_json({"search": search, "sampler_kwargs": section, **more})


def studied(spec, trials=0, storage=None):
    """Return a study in memory, and the overrides of so many trials that were drawn and told."""
    quiet()
    sampler, _ = build_choosers(spec)
    study = optuna.create_study(sampler=sampler, storage=storage)
    space = Space(spec.search)
    drawn = []
    for n in range(trials):
        trial = study.ask()
        drawn.append(space.suggest(trial))
        study.tell(trial, (n * 7 % 5) / 5)
    return study, drawn


@pytest.mark.parametrize("name", ["tpe", "random", "qmc", "gp", "nsga2", "nsga3"])
def test_a_sampler_is_found_by_its_name_and_draws_what_follows_from_the_seed(name) -> None:
    _, drawn = studied(spec_of(name), 12)
    assert drawn == studied(spec_of(NAMES[name]), 12)[1]
    assert drawn != studied(spec_of(name, seed=1), 12)[1]
    space = Space(spec_of(name).search)
    assert all(map(space.holds, drawn))
    assert len({one["optimizer_kwargs.lr"] for one in drawn}) > 10


def test_those_that_are_called_exact_are_tested() -> None:
    known = {sampler_class(str(one["sampler_name"])).__name__ for one in SAMPLERS}
    assert known == EXACT


def test_a_sobol_sequence_covers_the_space_whoever_asks() -> None:
    spec = spec_of("qmc", {"lr": "float(0,1)"})
    study, _ = studied(spec)
    eighths = set()
    for _ in range(8):
        study.sampler, _ = build_choosers(spec)  # as after a kill
        eighths.add(int(Space(spec.search).suggest(study.ask())["optimizer_kwargs.lr"] * 8))
    assert eighths == {*range(8)}


def test_brute_force_tries_each_point_once() -> None:
    search = {"lr": "choice(1,2)", "depth": "int(1,3)"}
    _, drawn = studied(spec_of("brute_force", search), 6)
    assert len({str(one) for one in drawn}) == 6


def test_a_trial_that_failed_or_runs_hinders_no_sampler() -> None:
    spec = spec_of({"sampler_name": "tpe", "n_startup_trials": 2})
    study, _ = studied(spec, 3)
    study.tell(study.ask(), state=TrialState.FAIL)
    study.ask()
    assert Space(spec.search).suggest(study.ask())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tpee", "no sampler 'tpee'.*did you mean 'tpe'"),
        ("hyperopt", "type one of: tpe, random, qmc"),
        ("BaseSampler", "no sampler 'BaseSampler'"),
        ("cmaes", "cmaes keeps pickles in the storage.*type --sampler tpe, or gp"),
        ("CmaEsSampler", "CmaEsSampler keeps pickles"),
        ("grid", "grid takes lists of values.*type --grid key=value,value"),
    ],
)
def test_what_cannot_serve_is_refused_and_the_reason_told(name, words) -> None:
    with pytest.raises(ComponentError, match=words):
        sampler_class(name)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n_startup_trial": 3}, "unknown key sampler_kwargs.n_startup_trial.*'n_startup_trials'"),
        ({"n_startup_trials": "x"}, "n_startup_trials must be a whole number"),
        ({"seed": 3}, "sampler_kwargs.seed is given by STRIDE itself"),
    ],
)
def test_arguments_are_held_to_the_signature(arguments, words) -> None:
    with pytest.raises(ConfigError, match=words):
        build_sampler("tpe", arguments, 0, {})


def test_what_optuna_refuses_is_the_users_mistake() -> None:
    line = {"lr": FloatDistribution(0, 1)}
    with pytest.raises(ComponentError, match=r"sampler_kwargs is refused: .*halto"):
        build_sampler("qmc", {"qmc_type": "halto"}, 0, line)


def test_arguments_reach_the_sampler() -> None:
    halton, sobol = ({"sampler_name": "qmc", "qmc_type": one} for one in ("halton", "sobol"))
    assert studied(spec_of(halton), 4)[1] != studied(spec_of(sobol), 4)[1]


WIDE = {
    "model_kwargs.width": "float(1e-4,1e-1,log)",
    "model_kwargs.depth": "int(1,60)",
    "model_kwargs.kind": "choice(a,b,c)",
}
SAMPLERS = [
    {"sampler_name": "random"},
    {"sampler_name": "qmc"},
    {"sampler_name": "tpe", "n_startup_trials": 2},
    {"sampler_name": "tpe", "n_startup_trials": 2, "multivariate": True},
]


def drawn(folder, sampler, *, cut):
    """Return what five trials draw; where cut, each draw is made by a process of its own."""
    folder.mkdir()
    spec = SweepSpec.from_json({"search": WIDE, "sampler_kwargs": sampler})
    space, paths = Space(spec.search), SweepPaths(folder)
    storage = open_storage(paths)
    name = create_study(storage, "s", "min")
    study = open_study(storage, name, spec)
    for number in range(5):
        study.ask()
        for key in [*WIDE] if cut else []:
            storage = open_storage(paths)
            study = open_study(storage, name, spec)
            one = Space({key: spec.search[key]})
            one.suggest(OpenTrial(study, storage, number, {}).to_suggest())
        found = space.suggest(OpenTrial(study, storage, number, {}).to_suggest())
        study.tell(number, found["model_kwargs.width"])
    return [one.params for one in study.trials]


@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
def test_draws_that_are_cut_off_from_each_other_are_the_same(tmp_path, sampler):
    whole = drawn(tmp_path / "whole", sampler, cut=False)
    assert drawn(tmp_path / "cut", sampler, cut=True) == whole
    assert len({one["model_kwargs.width"] for one in whole}) == 5
