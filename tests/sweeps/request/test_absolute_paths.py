"""Paths in what a sweep asks lead to the same from every folder."""

import pytest

from stride.config.sweep.spec import SweepSpec
from stride.sweeps.request.absolute_paths import with_absolute_paths


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"dataset_kwargs.path": "a.csv"}, {"dataset_kwargs.path": "/here/a.csv"}),
        ({"model_kwargs.init_from": "W/0"}, {"model_kwargs.init_from": "/here/W/0"}),
        (
            {"model_kwargs.init_from": {"run": "W/0", "match": "head.*"}},
            {"model_kwargs.init_from": {"run": "/here/W/0", "match": "head.*"}},
        ),
        ({"frozen.teacher": "W/0"}, {"frozen.teacher": "/here/W/0"}),
        ({"frozen.teacher": {"run": "W/0"}}, {"frozen.teacher": {"run": "/here/W/0"}}),
        ({"frozen.teacher.run": "../W/0"}, {"frozen.teacher.run": "/W/0"}),
        ({"model_kwargs.init_from": "s3://b/0"}, {"model_kwargs.init_from": "s3://b/0"}),
        ({"model_kwargs.name": "W/0"}, {"model_kwargs.name": "W/0"}),
    ],
)
def test_all_that_is_a_place_is_made_absolute(given, wanted) -> None:
    spec = SweepSpec.model_construct(overrides=given, runs=[], grid={}, search={})
    assert with_absolute_paths(spec, "/here").overrides == wanted
