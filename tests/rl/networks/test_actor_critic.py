"""What the network of actor and critic returns, and how it begins."""

import pytest
import torch

from stride.rl.networks.actor_critic import ActorCritic


def test_logits_and_values_of_actions_to_choose_from():
    policy, values = ActorCritic([3, 2], [4], 4)(torch.randn(5, 3, 2))
    assert policy.shape == (5, 4)
    assert values.shape == (5,)


@pytest.mark.parametrize("shape", [[1], [2, 3]])
def test_means_deviations_and_values_of_actions_made_of_numbers(shape):
    network = ActorCritic([3], shape, log_std=-0.5)
    (mean, log_std), values = network(torch.randn(5, 3))
    assert mean.shape == (5, *shape)
    assert torch.equal(log_std, torch.full(shape, -0.5))
    assert values.shape == (5,)
    assert "log_std" in network.state_dict()


def test_actor_and_critic_share_nothing():
    network = ActorCritic([3], [4], 4)
    policy, _ = network(torch.randn(5, 3))
    policy.square().sum().backward()
    assert all(parameter.grad is None for parameter in network.critic.parameters())
    assert all(parameter.grad is not None for parameter in network.actor.parameters())


def test_it_begins_undecided():
    policy, _ = ActorCritic([3], [4], 4)(torch.randn(50, 3))
    assert policy.abs().max() < 0.1


def test_pixels_count_in_255ths():
    network = ActorCritic([2, 2], [4], 4)
    pixels = torch.tensor([[[0, 51], [102, 255]]], dtype=torch.uint8)
    _, of_pixels = network(pixels)
    _, of_numbers = network(torch.tensor([[[0.0, 0.2], [0.4, 1.0]]]))
    torch.testing.assert_close(of_pixels, of_numbers)


def test_widths_and_activations_are_as_asked():
    network = ActorCritic([3], [4], 4, hidden_sizes=[5, 6, 7], activation="ReLU")
    widths = [layer.out_features for layer in network.actor if hasattr(layer, "out_features")]
    assert widths == [5, 6, 7, 4]
    assert type(network.critic[1]) is torch.nn.ReLU
