"""Several settings beside the best of them."""

from random import Random

import pytest

from stride.stats.best import ranked

GOOD = {0: 0.90, 1: 0.91, 2: 0.92, 3: 0.93}
NEAR = {0: 0.89, 1: 0.92, 2: 0.91, 3: 0.93}
BAD = {0: 0.80, 1: 0.81, 2: 0.83, 9: 0.99}


def test_the_best_is_first_and_the_others_are_compared_over_common_seeds():
    best, near, bad = ranked([BAD, GOOD, NEAR], "max")
    assert [(one.place, one.standing) for one in (best, near, bad)] == [
        (1, "best"),
        (2, "unclear"),
        (0, "behind"),
    ]
    assert best.against_best is None
    assert bad.against_best.n == 3 and bad.against_best.level == pytest.approx(0.975)
    assert ranked([BAD, GOOD], "min")[0].place == 0
    assert [one.standing for one in ranked([GOOD], "max")] == ["best"]
    assert ranked([GOOD, {7: 0.1}], "max")[1].standing == "unclear"


def test_the_best_in_truth_is_behind_in_at_most_5_of_100_studies():
    """Ten settings do not differ; the first counts as the best, whichever looks like it."""
    random = Random(0)
    wrong = 0
    for _ in range(1000):
        settings = [{seed: random.gauss(0, 1) for seed in range(5)} for _ in range(10)]
        found = {one.place: one.standing for one in ranked(settings, "max")}
        wrong += found[0] == "behind"
    assert wrong <= 50
