"""Optimisers from their section of the config."""

import pytest
import torch
from torch import nn

from stride.engine.optim.build import fused, resolve_optimizer
from stride.engine.optim.optimizers import build_optimizers
from stride.errors import ComponentError, ConfigError
from stride.models.detectors.neighbours import LOF
from stride.models.model import Model


def optimizer(**section):
    values = resolve_optimizer({"optimizer_name": "SGD", **section})
    return build_optimizers({"": values}, Model(nn.Linear(2, 2), nn.MSELoss())).only


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
    built = build_optimizers({"": values}, Model(network, nn.MSELoss())).only
    assert built.param_groups[0]["params"] == [network.weight]
    network.weight.requires_grad_(False)
    with pytest.raises(ConfigError, match=r"nothing to train; let model_kwargs\.freeze"):
        build_optimizers({"": values}, Model(network, nn.MSELoss()))


def test_what_learns_nothing_has_an_optimiser_without_parameters():
    model = Model(LOF(), nn.L1Loss())
    built = build_optimizers({"": resolve_optimizer({"optimizer_name": "Adam"})}, model).only
    assert built.param_groups[0]["params"] == []
    built.step()


def test_a_refused_value_is_the_users_mistake():
    with pytest.raises(ComponentError, match="Invalid learning rate"):
        optimizer(lr=-1)


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
