"""Values of actions, alone and by duelling heads."""

import pytest
import torch

from stride.errors import ConfigError
from stride.rl.networks.q_network import Dueling, QNetwork


@pytest.mark.parametrize("dueling", [False, True])
def test_each_observation_gets_a_value_for_each_action(dueling: bool) -> None:
    network = QNetwork((2, 3), 5, hidden_sizes=[8], dueling=dueling)
    values = network(torch.randn(4, 2, 3, dtype=torch.float64))
    assert values.shape == (4, 5) and values.dtype == torch.float32
    values.sum().backward()
    assert all(p.grad is not None for p in network.parameters())


def test_duelling_adds_advantages_over_their_mean_to_the_value() -> None:
    head = Dueling(1, 3)
    with torch.no_grad():
        head.value.weight.fill_(2)
        head.value.bias.fill_(1)
        head.advantages.weight.copy_(torch.tensor([[1.0], [2.0], [6.0]]))
        head.advantages.bias.zero_()
    # Of a feature of 2 the value is 5, the advantages 2, 4 and 12, whose mean is 6.
    assert head(torch.tensor([[2.0]])).tolist() == [[1.0, 3.0, 11.0]]


def test_bytes_become_shares_of_255() -> None:
    network = QNetwork((2,), 3, hidden_sizes=[4])
    pixels = torch.tensor([[0, 51], [255, 102]], dtype=torch.uint8)
    shares = torch.tensor([[0.0, 0.2], [1.0, 0.4]])
    torch.testing.assert_close(network(pixels), network(shares))


def test_without_actions_to_choose_from_it_says_what_to_type() -> None:
    with pytest.raises(ConfigError, match=r"made of numbers.*rl_config.algorithm=SAC"):
        QNetwork((3,), None)
