"""What is said of groups of curves, checked by hand and against scipy."""

import math

import pytest

from stride.active.curves.comparison import compare_curves, paired_differences
from stride.active.curves.curve import Curve
from stride.active.curves.groups import Group, GroupedCurves

LABELS = (10, 20, 30)


def group(strategy, *curves, name=None, **settings):
    some = {
        seed: one if isinstance(one, Curve) else Curve(LABELS, tuple(one))
        for seed, one in enumerate(curves)
    }
    given = {"active_config.strategy": strategy, **settings}
    return Group(name or strategy, given, {seed: str(seed) for seed in some}, some)


def flat(*values):
    """Return a curve of one height for each seed: its area is the height."""
    return [(value, value, value) for value in values]


def compared(*groups, mode="max", target=None):
    told = compare_curves(GroupedCurves("test/accuracy", mode, list(groups)), target)
    return told, {one["name"]: one for one in told["groups"]}


def test_the_best_area_comes_first():
    some = [group("C", *flat(math.nan)), group("A", *flat(0.5, 0.7)), group("B", *flat(0.8, 0.8))]
    assert [one["name"] for one in compared(*some)[0]["groups"]] == ["B", "A", "C"]
    assert [one["name"] for one in compared(*some, mode="min")[0]["groups"]] == ["A", "B", "C"]
    one = compared(*some)[1]["A"]
    assert one["area"] == pytest.approx(0.6) and one["areas"] == pytest.approx([0.5, 0.7])
    assert one["area_deviation"] == pytest.approx(math.sqrt(0.02))
    assert one["labelled"] == [10, 20, 30] and one["mean"] == pytest.approx([0.6] * 3)


def test_a_difference_is_paired_over_the_seeds():
    """Seeds differ by far more than strategies do, and the pairs show the difference still."""
    uniform = group("UniformSampling", *flat(0.1, 0.5, 0.9, 0.3))
    better = group("A", *flat(0.14, 0.53, 0.93, 0.34))
    told, by_name = compared(uniform, better)
    assert told["baseline"] == "UniformSampling" and "difference" not in by_name["UniformSampling"]
    assert by_name["A"]["difference"] == pytest.approx(0.035)
    deviation = math.sqrt(sum((x - 0.035) ** 2 for x in (0.04, 0.03, 0.03, 0.04)) / 3)
    assert by_name["A"]["difference_error"] == pytest.approx(deviation / 2)
    assert by_name["A"]["verdict"] == "better"
    assert compared(uniform, better, mode="min")[1]["A"]["verdict"] == "worse"
    worse = group("A", *flat(0.06, 0.47, 0.87, 0.26))
    assert compared(uniform, worse)[1]["A"]["verdict"] == "worse"


@pytest.mark.parametrize("seeds", [2, 3, 5, 11])
def test_the_verdict_is_that_of_a_t_test(seeds):
    from scipy.stats import ttest_1samp

    base = [0.5 + seed / 100 for seed in range(seeds)]
    for step in range(1, 60):
        other = [value + step / 2000 + (-1) ** seed * 0.01 for seed, value in enumerate(base)]
        found = compared(group("UniformSampling", *flat(*base)), group("A", *flat(*other)))[1]["A"]
        chance = ttest_1samp([a - b for a, b in zip(other, base, strict=True)], 0).pvalue
        assert (found["verdict"] == "better") == (chance < 0.05)


def test_one_seed_proves_nothing():
    found = compared(group("UniformSampling", *flat(0.1)), group("A", *flat(0.9)))[1]["A"]
    assert found["verdict"] == "unclear" and "difference_error" not in found
    nan = compared(group("UniformSampling", *flat(0.1, 0.2)), group("A", *flat(0.9, math.nan)))
    assert nan[1]["A"]["verdict"] == "unclear" and "difference_error" not in nan[1]["A"]


def test_only_what_has_all_else_the_same_is_a_baseline():
    uniform = group("UniformSampling", *flat(0.1, 0.2), lr=0.1)
    _, by_name = compared(
        uniform,
        group("A", *flat(0.5, 0.6), name="same", lr=0.1, **{"active_config.strategy_kwargs": {}}),
        group("A", *flat(0.5, 0.6), name="other", lr=0.2),
    )
    assert by_name["same"]["difference"] == pytest.approx(0.4)
    assert "difference" not in by_name["other"]
    assert "baseline" not in compared(group("A", *flat(0.5)))[0]


def test_areas_are_over_the_labels_that_curves_share():
    rising, short = Curve((10, 20, 30), (0.0, 0.2, 1.0)), Curve((10, 20), (0.0, 0.4))
    found = compared(group("A", rising, short))[1]["A"]
    assert found["labelled"] == [10, 20] and found["areas"] == pytest.approx([0.1, 0.2])
    assert paired_differences({1: rising, 2: short}, {1: short, 3: short}) == pytest.approx([-0.1])
    assert paired_differences({1: rising}, {1: Curve((5,), (0.5,))}) == []


def test_labels_are_counted_on_whole_curves():
    rising, short = Curve((10, 20, 30), (0.0, 0.2, 1.0)), Curve((10, 20), (0.0, 0.4))
    told, by_name = compared(group("A", rising, short), target=0.9)
    assert told["target"] == 0.9 and by_name["A"]["labels_needed"] == [30, None]
    assert "labels_needed" not in compared(group("A", rising))[1]["A"]
    assert compared(group("A", rising), target=0.1, mode="min")[1]["A"]["labels_needed"] == [10]
