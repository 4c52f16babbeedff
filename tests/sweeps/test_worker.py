"""What a worker tells of a trial whose runs have ended."""

import math

from stride.sweeps.sweeper import Sweeper
from tests.sweeps.following.conftest import trainer

__all__ = ["trainer"]


def test_a_run_that_is_not_finite_gives_its_trial_the_worst_value(trainer) -> None:
    own = trainer("optimizer=SGD", "batch_size=8")
    sweeper = Sweeper(own, grid={"lr": [1e-2, 1e30]}, metric="validation/epoch_accuracy")
    best = sweeper.run()
    values = [one.value for one in sweeper.begin().study.trials]
    assert sweeper.report().best.trials[0].number == 0
    assert best.trial == 0 and math.isfinite(values[0]) and values[1] == -math.inf
