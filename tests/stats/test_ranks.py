"""Ranks of settings: equal ones share theirs, and their mean over tasks."""

import numpy as np
import pytest
from scipy.stats import rankdata

from stride.stats.ranks import mean_ranks, ranks


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    assert ranks([0.3, 0.1, 0.3, 0.2], "min") == [3.5, 1, 3.5, 2]
    assert ranks([0.3, 0.1, 0.3, 0.2], "max") == [1.5, 4, 1.5, 3]
    assert ranks([2.0], "max") == [1] and ranks([], "min") == []


@pytest.mark.parametrize("seed", range(5))
def test_they_are_those_of_scipy(seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 6, 12).astype(float)
    assert ranks(values.tolist(), "min") == rankdata(values).tolist()
    assert ranks(values.tolist(), "max") == rankdata(-values).tolist()


def test_the_mean_is_over_tasks() -> None:
    assert mean_ranks([[1.0, 2.0, 3.0], [3.0, 1.0, 1.0]], "min") == [2, 1.75, 2.25]
    assert mean_ranks([], "min") == []
