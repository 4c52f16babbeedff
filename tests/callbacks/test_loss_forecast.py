"""What is forecast from the losses of evaluations, and when."""

import math
from types import SimpleNamespace

import pytest

from stride.callbacks.loss_forecast import LossForecast
from stride.engine.state import TrainState
from stride.stats.forecast import predicted_final

FORECAST = "validation/predicted_final_loss"


def told(forecast, epochs, losses, position=0):
    """Return what is forecast after each epoch."""
    found = []
    for epoch, loss in zip(epochs, losses, strict=True):
        metrics = {"validation/epoch_loss": loss}
        state = TrainState()
        state.epoch, state.position = epoch, position
        forecast.after_evaluate(SimpleNamespace(state=state), metrics)
        found.append(metrics.get(FORECAST))
    return found


LOSSES = [math.exp(-n / 10) + 1 for n in range(1, 31)]


def test_it_is_that_of_the_curve_so_far():
    curve = [predicted_final(LOSSES[: n + 1], 50) for n in range(30)]
    assert told(LossForecast("validation", 50), range(1, 31), LOSSES) == curve
    every_third = told(LossForecast("validation", 150), range(3, 91, 3), LOSSES)
    assert every_third == pytest.approx(curve)


def test_other_metrics_and_evaluations_inside_an_epoch_have_none():
    forecast = LossForecast("validation", 50)
    assert told(forecast, [1], [0.5], position=7) == [None]
    forecast.after_evaluate(SimpleNamespace(), metrics := {"reward": 1.0})
    assert metrics == {"reward": 1.0}
    assert told(forecast, [1], [0.5]) == [0.5]


def test_its_state_is_the_curve_whatever_is_in_it():
    losses = [*LOSSES[:3], math.nan, *LOSSES[4:]]
    forecast, resumed = LossForecast("validation", 50), LossForecast("validation", 50)
    told(forecast, range(1, 21), losses[:20])
    resumed.load_state_dict(forecast.state_dict())
    rest = range(21, 31), losses[20:]
    assert (
        told(resumed, *rest) == told(forecast, *rest) != told(LossForecast("validation", 50), *rest)
    )
