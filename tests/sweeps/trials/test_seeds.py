"""With which seeds the runs of a trial are trained."""

import pytest

from stride.config.sweep.spec import SweepSpec
from stride.sweeps.trials.seeds import seeds_of


@pytest.mark.parametrize(
    ("seeds", "overrides", "first", "found"),
    [
        (1, {}, 7, [7]),
        (3, {}, 7, [7, 8, 9]),
        ([5, 1], {}, 7, [5, 1]),
        (1, {"seed": 4}, 7, [None]),
    ],
)
def test_they_begin_with_that_of_the_config(seeds, overrides, first, found) -> None:
    spec = SweepSpec.from_json({"grid": {"lr": [1]}, "seeds": seeds})
    assert seeds_of(spec, overrides, first) == found
