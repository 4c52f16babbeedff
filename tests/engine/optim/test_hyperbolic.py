"""Hyperbolic schedules: their formulas, their ends, and how little the length changes the start."""

import math

import pytest
import torch
from torch import nn

from stride.engine.optim.hyperbolic import ExpHyperbolicLR, HyperbolicLR
from stride.engine.optim.schedule import build_schedule, resolve_scheduler
from stride.errors import ComponentError, ConfigError

HIGH, LOW = 0.1, 1e-3


def made(*rates):
    groups = [{"params": [nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates or (HIGH,)]
    return torch.optim.SGD(groups)


def built(optimizer, epochs=10, **section):
    values = {"interval": None, "scheduler_name": "HyperbolicLR", "upper_bound": 10, **section}
    resolved = resolve_scheduler(values, epochs=epochs, steps=40, mode="min")
    return resolved, build_schedule(resolved, optimizer, metric="m")


def rates(kind, upper_bound, length, count=None, **options):
    """Return the rates of `count` updates, those of the whole schedule and its end if not given."""
    optimizer = made()
    schedule = kind(optimizer, upper_bound, length, infimum_lr=LOW, **options)
    found = []
    for _ in range(count or length + 1):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def h(x, n, u):
    """Return the curve as the paper writes it."""
    return math.sqrt((n - x) / u * (2 - (n + x) / u)) - math.sqrt(n / u * (2 - n / u))


@pytest.mark.parametrize(("upper", "length"), [(8, 8), (10, 8), (1000, 8)])
def test_the_rates_are_those_of_the_paper(upper, length):
    places = range(length + 1)
    plain = [HIGH + (HIGH - LOW) * h(x, length, upper) for x in places]
    assert rates(HyperbolicLR, upper, length) == pytest.approx(plain, rel=1e-12)
    powers = [HIGH * (HIGH / LOW) ** h(x, length, upper) for x in places]
    assert rates(ExpHyperbolicLR, upper, length) == pytest.approx(powers, rel=1e-12)


@pytest.mark.parametrize("kind", [HyperbolicLR, ExpHyperbolicLR])
def test_they_begin_at_the_rate_and_the_longest_ends_at_the_infimum(kind):
    longest, shorter = rates(kind, 20, 20), rates(kind, 20, 15)
    assert longest[0] == shorter[0] == HIGH
    assert longest[-1] == pytest.approx(LOW)
    assert shorter[-1] > LOW
    assert longest == sorted({*longest}, reverse=True)
    assert rates(kind, 20, 15, 30)[15:] == [shorter[-1]] * 15  # and stay there
    # The longest is a line, or the power of one: half way the mean of both ends.
    middle = HIGH - (HIGH - LOW) / 2 if kind is HyperbolicLR else math.sqrt(HIGH * LOW)
    assert longest[10] == pytest.approx(middle)


@pytest.mark.parametrize("kind", [HyperbolicLR, ExpHyperbolicLR])
def test_the_start_depends_little_on_the_length(kind):
    """Where a cosine of half the length has lost half of the rate after a quarter of the bound."""

    def spread(curves):
        return max(max(at) - min(at) for at in zip(*curves, strict=True)) / HIGH

    lengths, bound, start = (100, 150, 200), 200, 51
    curves = [rates(kind, bound, length, start) for length in lengths]
    cosines = [[HIGH * (1 + math.cos(math.pi * x / n)) / 2 for x in range(start)] for n in lengths]
    assert spread(curves) < 0.1 < 0.3 < spread(cosines)


def test_the_slope_at_the_start_nears_that_of_the_asymptote():
    bound = 100_000
    for length in (bound // 2, bound * 3 // 4, bound):
        first, second = rates(HyperbolicLR, bound, length, 2)
        slope = (second - first) / (HIGH - LOW) * bound
        assert slope == pytest.approx(-1 / math.sqrt(1 - (1 - length / bound) ** 2), rel=1e-4)


def test_each_group_falls_from_its_own_rate():
    optimizer = made(0.1, 0.01)
    _, schedule = built(optimizer, infimum_lr=1e-3)
    for _ in range(10):
        optimizer.step()
        schedule.scheduler.step()
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([1e-3, 1e-3])


def test_they_count_epochs_and_are_as_long_as_the_training():
    resolved, _ = built(made(), epochs=7)
    assert (resolved["interval"], resolved["max_iter"], resolved["infimum_lr"]) == (
        "epoch",
        7,
        1e-6,
    )
    resolved, schedule = built(made(), interval="step", upper_bound=100)
    assert resolved["max_iter"] == 40 and schedule.every_step


def test_as_parts_of_a_sequence_they_are_as_long_as_what_is_left():
    warm = {"scheduler_name": "LinearLR", "start_factor": 0.5, "total_iters": 2}
    parts = [warm, {"scheduler_name": "ExpHyperbolicLR", "upper_bound": 5, "infimum_lr": LOW}]
    section = {"scheduler_name": "SequentialLR", "schedulers": parts, "milestones": [2]}
    values = resolve_scheduler({"interval": None, **section}, epochs=6, steps=None, mode="min")
    optimizer, found = made(), []
    schedule = build_schedule(values, optimizer, metric="m").scheduler
    for _ in range(6):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    after = [HIGH * (HIGH / LOW) ** h(x, 4, 5) for x in range(4)]
    assert found == pytest.approx([HIGH / 2, HIGH * 3 / 4, *after])


@pytest.mark.parametrize(
    ("section", "said"),
    [
        (
            {"upper_bound": 9},
            "upper_bound=9 is below max_iter=10, the length of the schedule: give 10 or more",
        ),
        ({"max_iter": 0}, "max_iter=0 must be at least 1"),
        ({"epochs": None}, "max_iter is missing"),
        ({"infimum_lr": 0.1}, "infimum_lr=0.1 must be 0 or more, and below the lowest rate, 0.1"),
        ({"infimum_lr": -1.0}, "infimum_lr=-1 must be 0 or more"),
        ({"infimum_lr": math.nan}, "infimum_lr=nan must be 0 or more"),
        (
            {"infimum_lr": 0.0, "scheduler_name": "ExpHyperbolicLR"},
            "infimum_lr=0 must be above 0, and below the lowest rate",
        ),
    ],
)
def test_what_gives_no_curve_is_refused(section, said):
    with pytest.raises(ComponentError, match=said):
        built(made(), **section)
    assert built(made(), infimum_lr=0.0)[1].scheduler.infimum_lr == 0


def test_a_missing_or_mistyped_argument_is_named():
    with pytest.raises(ConfigError, match=r"upper_bond.*'upper_bound'"):
        built(made(), upper_bond=10)
    with pytest.raises(ConfigError, match="upper_bound is missing"):
        resolve_scheduler(
            {"interval": None, "scheduler_name": "HyperbolicLR"}, epochs=1, steps=1, mode="min"
        )
