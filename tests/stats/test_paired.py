"""Paired comparisons: by hand, by scipy, and by how often they are wrong."""

import math
from random import Random

import pytest

from stride.stats.paired import MOST, Paired

# Student 1908: hours of sleep gained by ten patients, by the second drug more than by the first.
MORE = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]


def test_students_example():
    found = Paired.of(MORE)
    assert (found.n, found.mean) == (10, pytest.approx(1.58))
    assert found.deviation == pytest.approx(1.229995)
    assert found.interval == pytest.approx((0.7001142, 2.4598858), abs=1e-6)
    assert found.verdict("max") == "better" and found.verdict("min") == "worse"
    assert found.further() == 0
    assert found.effect == pytest.approx(1.284558 * 0.9139, rel=1e-3)  # Hedges' factor for 9


def test_the_verdict_is_that_of_a_t_test():
    stats = pytest.importorskip("scipy.stats")
    random = Random(1)
    for _ in range(200):
        values = [random.gauss(0.5, 1) for _ in range(random.randint(2, 12))]
        sure = stats.ttest_1samp(values, 0).pvalue < 0.05
        assert (Paired.of(values).verdict("max") != "unclear") == sure


def test_of_1000_comparisons_without_a_difference_at_most_5_in_100_say_better():
    random = Random(0)
    found = [Paired.of([random.gauss(0, 1) for _ in range(1 + n % 10)]) for n in range(1000)]
    said = [one.verdict("max") for one in found]
    assert said.count("better") <= 50
    assert said.count("better") + said.count("worse") <= 50


def test_nor_do_more_where_values_are_counts():
    """Accuracies of 50 samples differ by whole samples, and are often equal."""
    random = Random(0)

    def accuracy() -> float:
        return sum(random.random() < 0.9 for _ in range(50)) / 50

    for seeds in (2, 3, 5):
        found = [Paired.of([accuracy() - accuracy() for _ in range(seeds)]) for _ in range(600)]
        assert sum(one.verdict("max") == "better" for one in found) <= 30


def test_equal_differences_are_a_test_of_signs():
    assert Paired.of([0.01] * 5).verdict("max") == "unclear"
    assert Paired.of([0.01] * 5).further() == 1
    assert Paired.of([0.01] * 6).verdict("max") == "better"
    assert Paired.of([0.0] * 9).verdict("max") == "unclear"
    assert Paired.of([0.01] * 6).effect is None
    assert Paired.of([0.01] * 6, 0.99).verdict("max") == "unclear"
    assert Paired.of([0.01] * 8, 0.99).verdict("max") == "better"


@pytest.mark.parametrize("values", [[], [0.5], [0.5, math.nan], [0.5, math.inf, 0.1]])
def test_too_little_proves_nothing(values):
    found = Paired.of(values)
    assert found.verdict("max") == "unclear" and found.further() is None
    assert found.effect is None


def test_the_effect_of_two_pairs_cannot_be_freed_of_bias():
    assert Paired.of([0.1, 0.2]).effect is None and Paired.of([0.1, 0.2, 0.15]).effect is not None


def test_so_many_further_pairs_show_the_difference_in_80_of_100_cases():
    ahead = Paired(5, mean=0.5, deviation=1.0, interval=Paired.of([-1.0, 2.0]).interval)
    needed = 5 + ahead.further()
    assert needed == 34  # G*Power: 33.4 for an effect of 0.5
    random = Random(0)
    samples = [[random.gauss(0.5, 1) for _ in range(needed)] for _ in range(1000)]
    shown = sum(Paired.of(sample).verdict("max") == "better" for sample in samples)
    assert 0.76 < shown / 1000 < 0.85


def test_a_difference_that_no_number_of_seeds_would_show():
    tiny = Paired.of([1.0, -1.0, 1.0, -0.99])
    assert tiny.verdict("max") == "unclear" and tiny.further() is None
    assert tiny.n < MOST and Paired.of([1.0, -1.0]).further() is None
