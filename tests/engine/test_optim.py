"""Optimisers and schedules from their sections of the config."""

import pytest
import torch
from torch import nn

from stride.engine.optim import (
    OptimizerState,
    build_optimizer,
    build_schedule,
    fused,
    learning_rate,
    resolve_optimizer,
    resolve_scheduler,
)
from stride.errors import ComponentError, ConfigError, RunError


def optimizer(**section):
    values = resolve_optimizer({"optimizer_name": "SGD", **section})
    return build_optimizer(values, nn.Linear(2, 2).parameters())


def schedule(section, made, epochs=4, steps=40):
    resolved = resolve_scheduler(
        {"interval": None, **section}, epochs=epochs, steps=steps, mode="max"
    )
    return resolved, build_schedule(resolved, made, metric="m")


def test_a_section_is_complete_and_typed():
    values = resolve_optimizer({"optimizer_name": "AdamW", "lr": 1})
    assert values["lr"] == 1.0
    assert values["betas"] == (0.9, 0.999)
    assert "params" not in values


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"optimizer_name": "AdamW"}, True),
        ({"optimizer_name": "AdamW", "fused": False}, False),
        ({"optimizer_name": "AdamW", "foreach": True}, None),
        ({"optimizer_name": "AdamW", "differentiable": True}, None),
    ],
)
def test_fused_is_chosen_where_nothing_else_is_asked(section, expected):
    values = fused(resolve_optimizer(section), nn.Linear(1, 1).parameters())
    assert values["fused"] is expected


def test_fused_is_not_chosen_for_complex_parameters_or_where_it_is_unknown():
    complex_parameter = nn.Parameter(torch.zeros(1, dtype=torch.complex64))
    assert (
        fused(resolve_optimizer({"optimizer_name": "Adam"}), [complex_parameter])["fused"] is None
    )
    assert "fused" not in fused(resolve_optimizer({"optimizer_name": "Rprop"}), [complex_parameter])


def test_frozen_parameters_are_left_out_and_nothing_to_train_is_an_error():
    network = nn.Linear(2, 2)
    network.bias.requires_grad_(False)
    values = resolve_optimizer({"optimizer_name": "SGD"})
    built = build_optimizer(values, network.parameters())
    assert built.param_groups[0]["params"] == [network.weight]
    network.weight.requires_grad_(False)
    with pytest.raises(ConfigError, match="nothing to train"):
        build_optimizer(values, network.parameters())


def test_a_refused_value_is_the_users_mistake():
    with pytest.raises(ComponentError, match="Invalid learning rate"):
        optimizer(lr=-1)


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


def test_a_state_keeps_its_type_whatever_its_parameter_has():
    weight = nn.Parameter(torch.zeros(3, dtype=torch.bfloat16))
    made = torch.optim.SGD([weight], momentum=0.9)
    moment = torch.tensor([1 / 3, 1e-9, 1.0])
    state = {**made.state_dict(), "state": {0: {"momentum_buffer": moment}}}
    OptimizerState(made).load_state_dict(state)
    held = made.state[weight]["momentum_buffer"]
    assert held.dtype == torch.float32 and torch.equal(held, moment)


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


def test_an_optimizer_without_a_rate_has_none():
    class Rateless(torch.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {})

    rate = learning_rate(Rateless(nn.Linear(1, 1).parameters()))
    assert rate != rate


def test_a_plateau_scheduler_cannot_step_without_its_metric():
    section = {"scheduler_name": "ReduceLROnPlateau", "interval": "step"}
    with pytest.raises(ConfigError, match="known after an epoch only"):
        resolve_scheduler(section, epochs=2, steps=10, mode="min")


def test_fused_is_neither_chosen_nor_taken_where_it_would_write_between_the_numbers():
    sliced = [nn.Parameter(torch.zeros(4, 4)[:, ::2])]
    assert fused(resolve_optimizer({"optimizer_name": "AdamW"}), sliced)["fused"] is None
    with pytest.raises(ConfigError, match=r"has gaps in memory.*optimizer_kwargs.fused=false"):
        fused(resolve_optimizer({"optimizer_name": "AdamW", "fused": True}), sliced)
    dense = [nn.Parameter(torch.zeros(2, 3).T)]
    assert fused(resolve_optimizer({"optimizer_name": "AdamW"}), dense)["fused"] is True


def test_fused_is_chosen_for_divided_parameters_where_torch_can_divide_it():
    for name, expected in (("AdamW", True), ("SGD", None), ("torch.optim:Adagrad", None)):
        section = resolve_optimizer({"optimizer_name": name})
        assert fused(section, nn.Linear(1, 1).parameters(), divided=True)["fused"] is expected
    with pytest.raises(ConfigError, match=r"fused SGD knows no.*optimizer_kwargs.fused=false"):
        fused(resolve_optimizer({"optimizer_name": "SGD", "fused": True}), [], divided=True)


def stepped(weight):
    made = torch.optim.AdamW([weight], lr=0.1, fused=True)
    weight.grad = torch.arange(6.0).reshape(2, 3).T.contiguous().clone().as_strided((3, 2), (1, 3))
    made.step()
    return made


def test_moments_lie_as_they_lay_and_those_of_older_states_as_the_parameter():
    def transposed():
        return nn.Parameter(torch.arange(6.0).reshape(2, 3).T)

    state = stepped(transposed()).state_dict()
    rows = {k: v.contiguous() for k, v in state["state"][0].items()}  # as format 2 gave it back
    for saved in (state["state"][0], rows):
        again = torch.optim.AdamW([weight := transposed()], lr=0.1, fused=True)
        OptimizerState(again).load_state_dict({**state, "state": {0: dict(saved)}})
        held = again.state[weight]["exp_avg"]
        assert held.stride() == weight.stride() == (1, 3)
        assert torch.equal(held, state["state"][0]["exp_avg"])


def test_other_groups_are_refused_with_their_sizes():
    one = torch.optim.SGD(nn.Linear(2, 2).parameters())
    other = torch.optim.SGD([nn.Parameter(torch.zeros(1))])
    with pytest.raises(RunError, match=r"of \[2\] parameters, and here of \[1\]"):
        OptimizerState(other).load_state_dict(one.state_dict())
