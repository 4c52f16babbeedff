"""Schedules from their section of the config."""

import pytest
from torch import nn

from stride.engine.optim.build import resolve_optimizer
from stride.engine.optim.optimizers import build_optimizers
from stride.engine.optim.rates import learning_rate
from stride.engine.optim.schedule import build_schedule, resolve_scheduler
from stride.errors import ConfigError
from stride.models.model import Model


def optimizer(**section):
    values = resolve_optimizer({"optimizer_name": "SGD", **section})
    return build_optimizers({"": values}, Model(nn.Linear(2, 2), nn.MSELoss())).only


def schedule(section, made, epochs=4, steps=40):
    resolved = resolve_scheduler(
        {"interval": None, **section}, epochs=epochs, steps=steps, mode="max"
    )
    return resolved, build_schedule(resolved, made, metric="m")


def test_without_a_scheduler_nothing_happens_and_its_keys_are_refused():
    made = optimizer(lr=0.5)
    _, nothing = schedule({"scheduler_name": None}, made)
    nothing.after_epoch({})
    assert learning_rate(made) == 0.5
    assert nothing.state_dict() == {}
    with pytest.raises(ConfigError, match="gamma"):
        schedule({"scheduler_name": None, "gamma": 1}, made)


def test_step_lr_steps_once_an_epoch_and_nothing_else():
    made = optimizer(lr=1.0)
    resolved, built = schedule({"scheduler_name": "StepLR", "step_size": 2, "gamma": 0.1}, made)
    assert resolved["interval"] == "epoch"
    rates = []
    for _ in range(4):
        made.step()
        built.after_epoch({"m": 123.0})
        rates.append(learning_rate(made))
    assert rates == pytest.approx([1.0, 0.1, 0.1, 0.01])


def test_lengths_are_filled_in_where_they_are_open():
    made = optimizer(lr=1.0)
    one_cycle, _ = schedule({"scheduler_name": "OneCycleLR", "max_lr": 1.0}, made)
    assert (one_cycle["interval"], one_cycle["total_steps"]) == ("step", 40)
    cosine, _ = schedule({"scheduler_name": "CosineAnnealingLR"}, made)
    assert cosine["T_max"] == 4
    per_step, _ = schedule({"scheduler_name": "CosineAnnealingLR", "interval": "step"}, made)
    assert per_step["T_max"] == 40
    given, _ = schedule({"scheduler_name": "CosineAnnealingLR", "T_max": 9}, made)
    assert given["T_max"] == 9
    with pytest.raises(ConfigError, match="T_max"):
        schedule({"scheduler_name": "CosineAnnealingLR"}, made, epochs=None, steps=None)


def test_schedules_of_cycles_count_steps():
    made = optimizer(lr=1.0)
    for name, options in (
        ("OneCycleLR", {"max_lr": 1.0}),
        ("CyclicLR", {"base_lr": 0.1, "max_lr": 1.0, "cycle_momentum": False}),
    ):
        resolved, built = schedule({"scheduler_name": name, **options}, made)
        assert resolved["interval"] == "step" and built.every_step


def test_a_plateau_scheduler_follows_the_metric_and_waits_for_it():
    made = optimizer(lr=1.0)
    section = {"scheduler_name": "ReduceLROnPlateau", "patience": 0, "factor": 0.1}
    resolved, built = schedule(section, made)
    assert resolved["mode"] == "max"  # the followed metric's, unless it is given
    assert schedule({**section, "mode": "min"}, made)[0]["mode"] == "min"
    for metrics in ({"m": 1.0}, {}, {"m": 2.0}):
        built.after_epoch(metrics)
    assert learning_rate(made) == 1.0  # larger is better here
    built.after_epoch({"m": 0.5})
    assert learning_rate(made) == pytest.approx(0.1)


def test_a_plateau_scheduler_cannot_step_without_its_metric():
    section = {"scheduler_name": "ReduceLROnPlateau", "interval": "step"}
    with pytest.raises(ConfigError, match="known after an epoch only"):
        resolve_scheduler(section, epochs=2, steps=10, mode="min")
