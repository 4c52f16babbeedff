"""Shapes of actor and critics, and what each depends on."""

import torch

from stride.rl.networks.soft_actor_critic import LOG_STD, SoftActorCritic


def test_shapes() -> None:
    network = SoftActorCritic((2, 2), (3,), hidden_sizes=[8], num_critics=4)
    observations = torch.randn(5, 2, 2, dtype=torch.float64)
    mean, log_std = network(observations)
    assert mean.shape == log_std.shape == (5, 3)
    assert network.critics(observations, mean).shape == (4, 5)


def test_critics_differ_and_share_nothing_with_the_actor() -> None:
    network = SoftActorCritic((2,), (1,), hidden_sizes=[8])
    values = network.critics(torch.randn(5, 2), torch.zeros(5, 1))
    assert not torch.equal(values[0], values[1])
    values[0].sum().backward()
    reached = {n for n, p in network.named_parameters() if p.grad is not None and p.grad.any()}
    assert reached and all(name.startswith("critics.critics.0.") for name in reached)


def test_deviations_stay_within_their_bounds() -> None:
    network = SoftActorCritic((1,), (1,), hidden_sizes=[1])
    torch.nn.init.constant_(network.actor.head.weight, 0)
    for bias, bound in zip((-100.0, 100.0), LOG_STD, strict=True):
        torch.nn.init.constant_(network.actor.head.bias, bias)
        assert network(torch.zeros(1, 1))[1].item() == bound
