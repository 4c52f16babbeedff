"""Features by hooks that are gone after."""

import pytest
import torch
from torch import Tensor, nn

from stride.active.pool.features import capture_features
from stride.errors import ConfigError


class Twisted(nn.Module):
    """Registers its layers in another order than it runs them, and calls one by keyword."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 2)
        self.body = nn.Conv1d(1, 2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(input=self.body(x[:, None]).relu().flatten(1)[:, :4])


def hooks(net: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in net.modules())


def test_the_last_layer_that_ran_gives_what_went_into_it() -> None:
    net, x = Twisted(), torch.randn(3, 3)
    with capture_features(net) as captured:
        outputs = net(x)
        features = captured.take()
    assert features.shape == (3, 4)
    assert torch.equal(nn.functional.linear(features, net.head.weight, net.head.bias), outputs)
    assert hooks(net) == 0


def test_a_classifier_that_is_a_convolution_gives_its_flattened_input() -> None:
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Conv2d(3, 5, 1))
    x = torch.randn(2, 1, 6, 6)
    with capture_features(net) as captured:
        net(x)
        features = captured.take()
    assert torch.equal(features, net[1](net[0](x)).flatten(1))
    assert not features.requires_grad


def test_a_named_layer_gives_its_output_and_the_first_of_several() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.LSTM(4, 5, batch_first=True))
    x = torch.randn(2, 3)
    with capture_features(net, "0") as captured:
        net(x)
        assert torch.equal(captured.take(), net[0](x))
    with capture_features(net, "1") as captured:
        net(x)
        assert torch.equal(captured.take(), net(x)[0])


def test_half_precision_becomes_single() -> None:
    net = nn.Linear(3, 2).bfloat16()
    with capture_features(net) as captured:
        net(torch.ones(2, 3, dtype=torch.bfloat16))
        assert captured.take().dtype is torch.float32


def test_a_name_that_no_layer_has_is_refused_with_those_that_there_are() -> None:
    what = r"Twisted has no layer 'haed' .*'head'.* head, body"
    with pytest.raises(ConfigError, match=what), capture_features(Twisted(), "haed"):
        pass


def test_a_network_without_such_layers_is_refused_when_features_are_taken() -> None:
    net = nn.Sequential(nn.Flatten(), nn.ReLU())
    with capture_features(net) as captured:
        net(torch.ones(1, 2))
        with pytest.raises(ConfigError, match=r"no layer ran .* \(active_config.feature_layer\)"):
            captured.take()


def test_features_of_an_earlier_pass_are_not_given_twice() -> None:
    net = nn.Linear(2, 2)
    with capture_features(net) as captured:
        net(torch.ones(1, 2))
        captured.take()
        with pytest.raises(ConfigError, match="no layer ran"):
            captured.take()


@pytest.mark.parametrize("layer", [None, "head"])
def test_hooks_are_gone_after_an_error(layer: str | None) -> None:
    net = Twisted()
    with pytest.raises(RuntimeError), capture_features(net, layer):
        assert hooks(net) > 0
        net(torch.randn(3, 2))
    assert hooks(net) == 0
