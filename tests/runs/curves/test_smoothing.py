"""The moving average is the one that TensorBoard's slider shows."""

import math

import pytest

from stride.runs.curves.smoothing import MovingAverage


def test_it_is_the_weighted_mean_of_what_came_so_far() -> None:
    values = [3.0, -1.0, 4.0, 1.0, 5.0]
    average = MovingAverage(0.6)
    found = [*average.add(values[:2]), *average.add(values[2:])]
    for n, one in enumerate(found, 1):
        weights = [0.6 ** (n - i) for i in range(1, n + 1)]
        weighted = zip(weights, values, strict=False)
        assert one == pytest.approx(sum(w * v for w, v in weighted) / sum(weights))
    assert found[0] == pytest.approx(3.0)


def test_what_is_not_finite_stays_and_does_not_count() -> None:
    found = MovingAverage(0.5).add([1.0, math.nan, math.inf, 4.0])
    assert math.isnan(found[1]) and found[2] == math.inf
    assert [found[0], found[3]] == MovingAverage(0.5).add([1.0, 4.0])


def test_no_weight_changes_nothing() -> None:
    assert MovingAverage(0.0).add([0.1, 2]) == [0.1, 2]
