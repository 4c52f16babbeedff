"""What is better: strictly, beyond a margin, never NaN."""

import math

import pytest

from stride.callbacks.monitor import Best, Monitor


@pytest.mark.parametrize(
    ("mode", "best", "value", "better"),
    [
        ("min", 1.0, 0.5, True),
        ("min", 1.0, 1.0, False),
        ("min", -1.0, -2.0, True),
        ("max", 0.5, 0.6, True),
        ("max", 0.5, 0.5, False),
        ("min", 1.0, math.nan, False),
        ("max", None, math.nan, False),
        ("max", None, 0.0, True),
        ("min", math.inf, 5.0, True),
    ],
)
def test_improvement_is_strict_and_nan_never_counts(mode, best, value, better):
    assert Monitor("m", mode).improves(value, best) is better


def test_a_margin_is_a_number_or_a_share_of_the_best():
    assert not Monitor("m", "min", min_delta=0.1).improves(0.95, 1.0)
    assert Monitor("m", "min", min_delta=0.1).improves(0.89, 1.0)
    relative = Monitor("m", "max", min_delta=0.1, relative=True)
    assert not relative.improves(-9.5, -10.0)
    assert relative.improves(-8.9, -10.0)


def test_the_best_remembers_where_it_was_and_copies_its_metrics():
    best, metrics = Best(), {"m": 2.0}
    assert best.take(Monitor("m", "min"), metrics, step=5, epoch=1)
    metrics["m"] = 0.0
    assert not best.take(Monitor("m", "min"), {"m": 3.0}, step=9, epoch=2)
    assert not best.take(Monitor("m", "min"), {}, step=9, epoch=2)
    assert (best.value, best.step, best.epoch, best.metrics) == (2.0, 5, 1, {"m": 2.0})
    other = Best()
    other.load_state_dict(best.state_dict())
    assert other.state_dict() == best.state_dict()
