"""A study with what chooses its trials; what cannot choose is refused before there is one."""

import optuna
import pytest

from stride.config.sweep.spec import SweepSpec
from stride.errors import UserError
from stride.sweeps.search.study import completed, inexact, open_study, require_draws


def spec_of(**fields) -> SweepSpec:
    return SweepSpec.from_json({"search": {"lr": "float(0,1)"}, **fields})


def test_a_sampler_that_cannot_draw_from_the_space_is_refused() -> None:
    brute = {"sampler_name": "brute_force"}
    with pytest.raises(UserError, match=r"FloatDistribution.step must be given"):
        require_draws(spec_of(sampler_kwargs=brute))
    require_draws(spec_of(search={"lr": "float(0,1,step=0.5)"}, sampler_kwargs=brute))
    require_draws(SweepSpec.from_json({"grid": {"lr": [1]}}))


def test_brute_force_has_no_more_trials_than_there_are_points() -> None:
    space = {"seed": "int(1,4)"}
    brute = {"search": space, "sampler_kwargs": {"sampler_name": "brute_force"}}
    assert completed(spec_of(**brute), None).trials == 4
    assert completed(spec_of(**brute, trials=9), None).trials == 4
    assert completed(spec_of(**brute, trials=3), None).trials == 3
    assert completed(spec_of(search=space), None).trials is None


@pytest.mark.parametrize(
    ("sampler", "pruner", "names"),
    [
        ("tpe", "median", []),
        ("qmc", "pfl", []),
        ("gp", "nop", ["GPSampler"]),
        ("nsga2", "hyperband", ["NSGAIISampler", "HyperbandPruner"]),
        ("random", "patient", ["PatientPruner"]),
    ],
)
def test_what_may_choose_otherwise_after_a_kill_is_named(sampler, pruner, names) -> None:
    choosers = {
        "sampler_kwargs": {"sampler_name": sampler},
        "pruner_kwargs": {"pruner_name": pruner},
    }
    assert inexact(spec_of(**choosers)) == names
    grid = SweepSpec.from_json({"grid": {"lr": [1]}, "pruner_kwargs": choosers["pruner_kwargs"]})
    assert inexact(grid) == [one for one in names if one.endswith("Pruner")]


def test_a_study_that_is_gone_is_told() -> None:
    with pytest.raises(UserError, match="has no study 'gone' any more"):
        open_study(optuna.storages.InMemoryStorage(), "gone", spec_of())
