"""Densities of squashed Gaussians, by numbers and by torch's own."""

import math

import pytest
import torch
from torch.distributions import Independent, Normal, TanhTransform, TransformedDistribution

from stride.errors import ConfigError
from stride.rl.algorithms.squashed import ActionScale, squashed_sample
from stride.rl.spaces import Spaces

SPACES = Spaces((3,), "float32", (2, 1), low=(-2.0, 0.0), high=(2.0, 10.0))


def test_the_density_is_that_of_a_transformed_distribution() -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = 0.5 * torch.randn(3, 50, 4, dtype=torch.float64, generator=generator)
    mean, log_std, noise = drawn
    actions, log_probs = squashed_sample(mean, log_std, noise)
    normal = Independent(Normal(mean, log_std.exp()), 1)
    expected = TransformedDistribution(normal, TanhTransform(cache_size=1))
    torch.testing.assert_close(actions, (mean + log_std.exp() * noise).tanh())
    torch.testing.assert_close(log_probs, expected.log_prob(actions), rtol=1e-6, atol=1e-6)


def test_densities_of_actions_within_bounds_sum_to_one() -> None:
    """The density there is that between -1 and 1 over half the width of the bounds."""
    scale = ActionScale(Spaces((1,), "float32", (1,), low=(3.0,), high=(8.0,)))
    mean, log_std = torch.tensor([[0.3]]), torch.tensor([[-0.5]])
    noise = torch.linspace(-9, 9, 20_001)[:, None]
    unit, log_probs = squashed_sample(mean, log_std, noise)
    actions = scale.to_environment(unit).flatten()
    density = log_probs.exp() / scale.half_width
    assert torch.trapezoid(density, actions).item() == pytest.approx(1, abs=1e-4)


def test_it_stays_finite_where_tanh_is_one() -> None:
    mean = torch.tensor([[50.0]], requires_grad=True)
    actions, log_probs = squashed_sample(mean, torch.zeros(1, 1), torch.zeros(1, 1))
    # log N(0) - 2 (log 2 - 50), by the asymptote of tanh.
    expected = -0.5 * math.log(2 * math.pi) - 2 * (math.log(2) - 50)
    assert actions.item() == 1 and log_probs.item() == pytest.approx(expected)
    log_probs.sum().backward()
    assert mean.grad is not None and mean.grad.item() == pytest.approx(2)


def test_actions_go_to_the_environment_and_back() -> None:
    scale = ActionScale(SPACES)
    unit = torch.tensor([[-1.0, -1.0], [0.5, 0.0], [1.0, 1.0]])
    actions = scale.to_environment(unit)
    assert actions.tolist() == [[[-2.0], [0.0]], [[1.0], [5.0]], [[2.0], [10.0]]]
    torch.testing.assert_close(scale.from_environment(actions), unit)


def test_actions_stay_within_bounds_whose_middle_is_rounded() -> None:
    draw = torch.Generator().manual_seed(0)
    low = 10 * torch.rand(500, generator=draw) - 5
    high = low + 5 * torch.rand(500, generator=draw)
    bounds = {"low": tuple(low.tolist()), "high": tuple(high.tolist())}
    scale = ActionScale(Spaces((3,), "float32", (500,), **bounds))
    least, most = scale.to_environment(torch.tensor([[-1.0], [1.0]]).expand(2, 500))
    assert (least >= low).all() and (most <= high).all()


@pytest.mark.parametrize(
    ("spaces", "message"),
    [
        (Spaces((3,), "float32", (), num_actions=2), "one of 2.*rl_config.algorithm=DQN"),
        (Spaces((3,), "float32", (1,), low=(-math.inf,), high=(1.0,)), "needs bounds.*-inf"),
        (Spaces((3,), "float32", (1,), low=(1.0,), high=(1.0,)), "needs bounds"),
    ],
)
def test_actions_without_width_are_refused(spaces: Spaces, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ActionScale(spaces)
