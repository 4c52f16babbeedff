"""Runs on several tasks: by hand, and beside rliable on the scores of its own tests."""

import math
from random import Random

import numpy as np
import pytest

from stride.stats.intervals import bootstrap_interval, percentile_interval, stratified_interval
from stride.stats.tasks import (
    interquartile_mean_over,
    probability_of_improvement,
    scaled_by_range,
)

# One list a task: the scores with which rliable tests its own metrics (there one row a run).
X, Y = [[1, 2, 1, 2], [2, 2, 1, 1]], [[1, 2, 3], [1, 2, 3]]
MANY = np.arange(80).reshape(5, 16).T.tolist()
PAIRS = [(X, Y), (MANY, [task[::-1] for task in MANY]), (MANY, MANY[::-1])]


def test_the_probability_of_improvement_by_hand():
    assert probability_of_improvement(X, Y, "max") == pytest.approx(1 / 3)
    assert probability_of_improvement(X, Y, "min") == pytest.approx(2 / 3)
    assert probability_of_improvement(X, X, "max") == 0.5
    assert probability_of_improvement([[5.0], [1.0]], [[1.0, 2.0], [2.0, 3.0]], "max") == 0.5
    assert probability_of_improvement([[5.0]], [[1.0, 2.0]], "max") == 1


def test_the_interquartile_mean_is_of_all_runs_together():
    assert interquartile_mean_over([[0.0, 1.0], [2.0, 100.0]]) == 1.5
    assert interquartile_mean_over(Y) == 2


def test_each_task_is_scaled_on_its_own():
    assert scaled_by_range([[-200.0, -100.0, -150.0], [7.0, 7.0]]) == [[0, 1, 0.5], [0, 0]]


def test_percentiles_are_those_of_numpy():
    drawn = [Random(seed).gauss(0, 1) for seed in range(333)]
    for level in (0.95, 0.5, 0.999):
        outside = 100 * (1 - level) / 2
        expected = np.percentile(drawn, [outside, 100 - outside])
        assert percentile_interval(drawn, level) == pytest.approx(expected, abs=1e-14)


def test_a_stratified_interval_draws_within_each_task():
    """Between tasks there may be any distance: the interval knows the runs alone."""
    near, apart = [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]], [[0.0, 1.0, 2.0], [9000.0, 9001.0, 9002.0]]
    low, high = stratified_interval(interquartile_mean_over, near)
    assert 0 <= low < 1 < high <= 2
    low, high = stratified_interval(interquartile_mean_over, apart)
    assert high - low < 2


def test_of_one_task_it_is_the_bootstrap_interval():
    values = [Random(seed).gauss(0, 1) for seed in range(30)]
    expected = bootstrap_interval(values)
    assert stratified_interval(interquartile_mean_over, [values]) == pytest.approx(
        expected, abs=0.1
    )


def test_what_has_no_interval():
    assert stratified_interval(interquartile_mean_over, [[1.0, 2.0], [1.0]]) is None
    assert stratified_interval(interquartile_mean_over, []) is None
    found = stratified_interval(interquartile_mean_over, [[1.0, math.inf]])
    assert all(map(math.isnan, found))


def test_of_100_intervals_95_hold_the_true_probability():
    """Two settings that do not differ: the true probability is a half."""
    draw = Random(0)

    def tasks():
        return [[draw.gauss(0, 1) for _ in range(10)] for _ in range(2)]

    found = [stratified_interval(_improvement, tasks(), tasks()) for _ in range(20)]
    assert sum(interval.holds(0.5) for interval in found) >= 17


@pytest.mark.ecosystem("rliable")
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_both_are_those_of_rliable(one, other):
    from rliable import metrics

    for tasks in (one, other):
        expected = metrics.aggregate_iqm(_matrix(tasks))
        assert interquartile_mean_over(tasks) == pytest.approx(expected, abs=1e-12)
    expected = metrics.probability_of_improvement(_matrix(one), _matrix(other))
    assert _improvement(one, other) == pytest.approx(expected, abs=1e-12)


@pytest.mark.ecosystem("rliable")
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_of_the_same_resamples_the_intervals_are_those_of_rliable(one, other):
    """Its library of intervals asks for an older pandas; its resamples are drawn here as there."""
    from rliable import metrics

    for ours, theirs, samples in (
        (interquartile_mean_over, metrics.aggregate_iqm, [one]),
        (_improvement, metrics.probability_of_improvement, [one, other]),
    ):
        draw = np.random.default_rng(0)
        resamples = [[_resampled(_matrix(one), draw) for one in samples] for _ in range(500)]
        expected = np.percentile([theirs(*matrices) for matrices in resamples], [2.5, 97.5])
        drawn = [ours(*(matrix.T.tolist() for matrix in each)) for each in resamples]
        assert percentile_interval(drawn) == pytest.approx(expected, abs=1e-12)


def _improvement(one, other):
    return probability_of_improvement(one, other, "max")


def _matrix(tasks):
    """Return one row a run, as rliable has them."""
    return np.array(tasks, dtype=float).T


def _resampled(matrix, draw):
    """Return runs of each task, drawn again on their own."""
    return np.take_along_axis(matrix, draw.integers(len(matrix), size=matrix.shape), axis=0)
