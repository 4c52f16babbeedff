"""Modes and random state while scoring, and after it."""

import pytest
import torch
from torch import nn

from stride.active.pool.inference_modes import (
    dropout_modules,
    evaluation_mode,
    network_of,
    require_dropout,
    torch_seeded,
)
from stride.errors import ConfigError
from stride.models.model import Model

CPU = torch.device("cpu")


class DropPath(nn.Module):
    """A dropout of somebody else's."""


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))


def test_every_module_has_its_own_mode_again() -> None:
    net = network()
    net[1].eval()
    with evaluation_mode(net):
        assert not any(module.training for module in net.modules())
    assert [module.training for module in net] == [True, False, True, True]
    assert net.training


def test_dropout_alone_trains_where_it_is_the_method_and_not_after() -> None:
    net = network().eval()
    with evaluation_mode(net, dropout=True):
        assert [module.training for module in net] == [False, False, True, False]
    assert not any(module.training for module in net.modules())


def test_modes_are_given_back_after_an_error() -> None:
    net = network()
    with pytest.raises(ZeroDivisionError), evaluation_mode(net, dropout=True):
        raise ZeroDivisionError
    assert all(module.training for module in net.modules())
    assert torch.backends.mha.get_fastpath_enabled()


def test_modes_may_be_set_within_each_other() -> None:
    net = network()
    with evaluation_mode(net):
        with evaluation_mode(net, dropout=True):
            assert net[2].training
        assert not net[2].training
    assert net[2].training


def test_dropout_is_found_by_type_and_by_name() -> None:
    lstm, attention = nn.LSTM(2, 2, 2, dropout=0.1), nn.MultiheadAttention(2, 1, dropout=0.1)
    path = DropPath()
    net = nn.ModuleList([nn.Dropout2d(0.1), path, lstm, attention, nn.Dropout(0), nn.LSTM(2, 2)])
    assert dropout_modules(net) == [net[0], path, lstm, attention]


@pytest.mark.parametrize("net", [nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.0))])
def test_a_network_without_dropout_is_refused(net: nn.Module) -> None:
    with pytest.raises(ConfigError, match=r"has no dropout, or only with a rate of 0"):
        require_dropout(net)
    require_dropout(network())


def test_transformer_layers_drop_too() -> None:
    net = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.5, batch_first=True).eval()
    inputs = torch.ones(2, 3, 8)
    with evaluation_mode(net, dropout=True), torch.no_grad(), torch_seeded(0, CPU):
        assert not torch.equal(net(inputs), net(inputs))


def test_draws_are_seeded_and_leave_the_process_as_it_was() -> None:
    before = torch.get_rng_state()
    found = []
    for seed in (1, 1, 2):
        with torch_seeded(seed, CPU):
            found.append(torch.rand(3).tolist())
    assert found[0] == found[1] != found[2]
    assert torch.equal(before, torch.get_rng_state())


def test_the_network_of_a_model_is_its_module() -> None:
    net = network()
    assert network_of(Model(net, nn.CrossEntropyLoss())) is net is network_of(net)
