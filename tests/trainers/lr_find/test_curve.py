"""The curve of a range test, by losses that are known."""

import math
import random

import pytest

from stride.config.sections.lr_find import LrFindConfig
from stride.trainers.lr_find.curve import SMOOTHING, LrCurve

CONFIG = LrFindConfig(min_lr=1e-6, max_lr=1.0, num_steps=61)


def falling(at: float, steps: int = 61) -> list[float]:
    """Return losses that fall from 2 to 1 along a logistic curve, most steeply at a step."""
    return [1 + 1 / (1 + math.exp((step - at) / 2)) for step in range(1, steps + 1)]


def test_rates_go_from_the_first_to_the_last_by_one_factor() -> None:
    rates = LrCurve(CONFIG, [1.0] * 61).rates
    assert (rates[0], rates[-1], len(rates)) == (1e-6, 1.0, 61)
    assert rates == pytest.approx([10 ** (-6 + at / 10) for at in range(61)], rel=1e-12)


def test_the_mean_has_no_bias_towards_nothing() -> None:
    assert LrCurve(CONFIG, [3.0] * 5).smoothed == pytest.approx([3.0] * 5)
    one, other = LrCurve(CONFIG, [1.0, 2.0]).smoothed
    assert one == pytest.approx(1.0)
    assert other == pytest.approx((SMOOTHING * 1 + 2) / (1 + SMOOTHING))


@pytest.mark.parametrize(
    ("before", "last", "diverged"),
    [(1.0, 30.0, False), (1.0, 32.0, True), (-1.0, 28.0, False), (-1.0, 32.0, True)],
)
def test_it_has_diverged_beyond_4_times_its_best(
    before: float, last: float, diverged: bool
) -> None:
    curve = LrCurve(CONFIG, [before] * 60)
    assert not curve.has_diverged()
    curve.add(last)
    best = before + 3 * abs(before)  # of the mean, of which a loss is a tenth
    assert (SMOOTHING * before + 0.1 * last > best) == diverged
    assert curve.has_diverged() == diverged


def test_the_rate_of_the_steepest_fall_is_suggested() -> None:
    curve = LrCurve(CONFIG, falling(30.0))
    slopes = [curve.smoothed[at + 1] - curve.smoothed[at - 1] for at in range(1, 60)]
    steepest = 1 + slopes.index(min(slopes))
    assert curve.suggest() == (curve.rates[steepest], "")
    assert 30 < steepest < 40  # the mean lags behind


def test_what_falls_back_after_an_explosion_is_no_descent() -> None:
    losses = [*falling(20.0, 40), *[3.0] * 3, *[1.2] * 18]
    assert LrCurve(CONFIG, losses).suggest() == LrCurve(CONFIG, losses[:40]).suggest()


@pytest.mark.parametrize("losses", [[], [1.0], [1.0] * 61, [1 + at / 9 for at in range(61)]])
def test_a_loss_that_never_falls_suggests_nothing(losses: list[float]) -> None:
    rate, reason = LrCurve(CONFIG, losses).suggest()
    assert rate is None and "falls no further than it varies" in reason


def test_noise_suggests_nothing() -> None:
    drawn = random.Random(0)
    noisy = LrCurve(CONFIG, [2 + drawn.gauss(0, 0.1) for _ in range(61)])
    assert noisy.suggest().lr is None
    learnt = LrCurve(CONFIG, [loss + drawn.gauss(0, 0.1) for loss in falling(30.0)])
    assert learnt.suggest().lr is not None
