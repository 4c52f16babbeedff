"""Where curves of known ends are said to end."""

import math
import random
import statistics
from itertools import pairwise

import pytest

from stride.stats.forecast import predicted_final, predicted_final_by_epoch


def values_smoothed_to(curve, count):
    """Return values that the smoothing makes `curve` of, as a check of all that comes after it."""
    span = min(count // 3, 20)
    smooth = [curve(epoch) for epoch in range(1, count + 1)]
    steps = pairwise(smooth)
    return [smooth[0], *(one + (two - one) * (span + 1) / 2 for one, two in steps)]


@pytest.mark.parametrize("count", [10, 11, 12, 30, 59, 60, 61, 90])
@pytest.mark.parametrize("scale", [2.0, -2.0, 1e-6, 1e6])
def test_an_exponential_ends_where_it_ends(count, scale):
    def curve(epoch):
        return scale * (math.exp(-0.03 * epoch) - 0.25)  # below 0 at its end

    values = values_smoothed_to(curve, count)
    assert predicted_final(values, 100) == pytest.approx(curve(100), rel=1e-6)
    assert predicted_final(values, 10**9) == pytest.approx(-scale / 4, rel=1e-6)


@pytest.mark.parametrize("slope", [-1, 1])
def test_a_line_goes_on_with_half_its_slope(slope):
    values = values_smoothed_to(lambda epoch: 50 + slope * epoch, 21)  # exact in binary
    assert predicted_final(values, 41) == 50 + slope * 21 + slope * 20 / 2


def test_growing_rises_and_turns_go_on_with_half_the_slope_since_the_middle():
    rising = values_smoothed_to(lambda epoch: epoch**2, 21)
    assert predicted_final(rising, 28) == pytest.approx(21**2 + (21**2 - 14**2) / 2)
    valley = values_smoothed_to(lambda epoch: (epoch - 14) ** 2, 21)
    assert predicted_final(valley, 28) == pytest.approx(7**2 + 7**2 / 2)
    stalled = values_smoothed_to(lambda epoch: max(0, 14 - epoch), 21)
    assert predicted_final(stalled, 28) == 0


@pytest.mark.parametrize("value", [0.0, 0.1, -3.0, 1e300])
def test_a_constant_stays(value):
    assert predicted_final([value] * 30, 100) == value


def test_of_few_values_it_is_the_last():
    falling = [1 / n for n in range(1, 11)]
    for count in range(1, 10):
        assert predicted_final(falling[:count], 100) == falling[count - 1]
    assert predicted_final(falling, 100) < falling[-1]


@pytest.mark.parametrize("target", [1, 29, 30])
def test_once_the_target_is_reached_it_is_the_last_value(target):
    assert predicted_final([1 / n for n in range(1, 31)], target) == 1 / 30


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_begins_the_curve_over(wrong):
    falling = [math.exp(-n / 20) for n in range(30)]
    told = predicted_final([9.0, wrong, *falling], 100)
    assert told == predicted_final(falling, 98)
    assert predicted_final([*falling, wrong, 0.5], 100) == 0.5
    assert repr(predicted_final([*falling, wrong], 100)) == repr(wrong)
    assert repr(predicted_final([wrong], 100)) == repr(wrong)


def test_the_forecast_of_the_negative_is_the_negative_forecast():
    drawn = random.Random(0)
    for count in range(10, 70):
        values = [drawn.gauss(0, 1) for _ in range(count)]
        assert predicted_final([-value for value in values], 90) == -predicted_final(values, 90)


def test_in_noise_it_is_nearer_to_the_end_than_the_last_value():
    drawn, forecasts, lasts = random.Random(0), [], []
    for _ in range(200):
        rate = drawn.uniform(0.02, 0.1)
        losses = [(2 * math.exp(-rate * n) + 0.3) * drawn.gauss(1, 0.03) for n in range(1, 51)]
        end = 2 * math.exp(-rate * 100) + 0.3
        forecasts.append(abs(predicted_final(losses, 100) - end))
        lasts.append(abs(losses[-1] - end))
    assert statistics.median(forecasts) < 0.4 * statistics.median(lasts)


def test_a_curve_by_epochs_may_have_distances():
    losses = [math.exp(-n / 10) + 1 for n in range(1, 31)]
    by_epoch = dict(enumerate(losses, 1))
    assert predicted_final_by_epoch(by_epoch, 100) == predicted_final(losses, 100)
    shuffled = dict(sorted(by_epoch.items(), key=lambda pair: pair[0] % 7))
    assert predicted_final_by_epoch(shuffled, 100) == predicted_final(losses, 100)
    tenth = {10 * epoch: loss for epoch, loss in by_epoch.items()}
    assert predicted_final_by_epoch(tenth, 1000) == predicted_final(losses, 100)
    assert predicted_final_by_epoch({**tenth, 305: 0.5}, 305) == 0.5  # the last, off the rhythm
    assert predicted_final_by_epoch({7: 0.25}, 100) == 0.25
