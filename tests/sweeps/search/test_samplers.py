"""What a sampler draws follows from seed, number and storage: a kill between two draws is none."""

import pytest

from stride.config.sweep.spec import SweepSpec
from stride.runs.layout import SweepPaths
from stride.sweeps.search.space import Space
from stride.sweeps.search.storage import open_storage
from stride.sweeps.search.study import create_study, open_study
from stride.sweeps.trials.trial import OpenTrial

SEARCH = {
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
    spec = SweepSpec.from_json({"search": SEARCH, "sampler_kwargs": sampler})
    space, paths = Space(spec.search), SweepPaths(folder)
    name = create_study(open_storage(paths), "s", "min")
    study = open_study(open_storage(paths), name, spec)
    for number in range(5):
        study.ask()
        for key in [*SEARCH] if cut else []:
            study = open_study(open_storage(paths), name, spec)
            one = Space({key: spec.search[key]})
            one.suggest(OpenTrial(study, number, {}).to_suggest())
        found = space.suggest(OpenTrial(study, number, {}).to_suggest())
        study.tell(number, found["model_kwargs.width"])
    return [one.params for one in study.trials]


@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
def test_draws_that_are_cut_off_from_each_other_are_the_same(tmp_path, sampler):
    whole = drawn(tmp_path / "whole", sampler, cut=False)
    assert drawn(tmp_path / "cut", sampler, cut=True) == whole
    assert len({one["model_kwargs.width"] for one in whole}) == 5
