"""What is drawn has the probability that is told, and stays within bounds."""

import math

import pytest
import torch
from torch import distributions

from stride.rl.distributions import BoundedGaussian, Categorical, build_distribution
from stride.rl.spaces import Spaces

DRAWS = 20_000
PROBABILITIES = torch.tensor([0.5, 0.2, 0.3, 0.0])
BOUNDED = Spaces((3,), "float32", (2,), low=(-2.0, 0.0), high=(2.0, 10.0))


def generator():
    return torch.Generator().manual_seed(0)


def test_actions_are_drawn_as_often_as_their_probability_says():
    logits = PROBABILITIES.log().expand(DRAWS, 4)
    actions, log_probs = Categorical(4).sample(logits, generator())
    shares = actions.bincount(minlength=4) / DRAWS
    torch.testing.assert_close(shares, PROBABILITIES, atol=0.015, rtol=0)
    torch.testing.assert_close(log_probs, PROBABILITIES.log()[actions])


def test_the_generator_alone_says_what_is_drawn():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    for spaces in (Spaces((3,), "float32", (), 4), BOUNDED):
        drawn = build_distribution(spaces)
        policy = torch.zeros(9, 4) if spaces.discrete else (torch.zeros(9, 2), torch.zeros(2))
        one, other = (drawn.sample(policy, generator())[0] for _ in range(2))
        assert torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_categorical_log_probabilities_and_entropy_are_those_of_torch():
    logits = torch.randn(7, 4, generator=generator())
    actions = torch.tensor([0, 1, 2, 3, 0, 1, 2])
    theirs = distributions.Categorical(logits=logits)
    log_probs, entropy = Categorical(4).evaluate(logits, actions)
    torch.testing.assert_close(log_probs, theirs.log_prob(actions))
    torch.testing.assert_close(entropy, theirs.entropy().mean())


def test_gaussian_log_probabilities_and_entropy_are_those_of_torch():
    mean, raw = torch.randn(2, 7, 2, generator=generator())
    log_std = torch.tensor([0.3, -1.0])
    theirs = distributions.Independent(distributions.Normal(mean, log_std.exp()), 1)
    log_probs, entropy = build_distribution(BOUNDED).evaluate((mean, log_std), raw)
    torch.testing.assert_close(log_probs, theirs.log_prob(raw))
    torch.testing.assert_close(entropy, theirs.entropy().mean())


def test_gaussian_draws_have_the_policy_s_mean_and_deviation():
    mean, log_std = torch.tensor([0.5, -1.0]), torch.tensor([0.0, -2.0])
    raw, log_probs = build_distribution(BOUNDED).sample(
        (mean.expand(DRAWS, 2), log_std), generator()
    )
    torch.testing.assert_close(raw.mean(0), mean, atol=0.03, rtol=0)
    torch.testing.assert_close(raw.std(0), log_std.exp(), atol=0.03, rtol=0)
    assert log_probs.shape == (DRAWS,)


def test_bounds_are_reached_at_1_and_never_left():
    distribution = build_distribution(BOUNDED)
    raw = torch.tensor([[-1.0, -1.0], [0.0, 0.5], [1.0, 1.0], [-7.0, 7.0]])
    expected = torch.tensor([[-2.0, 0.0], [0.0, 7.5], [2.0, 10.0], [-2.0, 10.0]])
    torch.testing.assert_close(distribution.to_actions(raw), expected)


def test_without_finite_bounds_a_unit_is_1():
    low, high = torch.tensor([-math.inf, 0.0]), torch.tensor([math.inf, math.inf])
    actions = BoundedGaussian((2,), low, high).to_actions(torch.tensor([[-7.0, -7.0]]))
    assert actions.tolist() == [[-7.0, 0.0]]


def test_actions_of_several_dimensions():
    spaces = Spaces((3,), "float32", (2, 2), low=(-1.0,) * 4, high=(1.0,) * 4)
    distribution = build_distribution(spaces)
    policy = torch.zeros(5, 2, 2), torch.zeros(2, 2)
    raw, log_probs = distribution.sample(policy, generator())
    assert distribution.to_actions(raw).shape == (5, 2, 2)
    assert log_probs.shape == (5,)


def test_nothing_of_the_bounds_is_saved():
    assert build_distribution(BOUNDED).state_dict() == {}


@pytest.mark.parametrize(
    ("policy", "is_right"),
    [
        ((torch.zeros(5, 2), torch.zeros(2)), True),
        ((torch.zeros(5, 2), torch.zeros(())), True),
        ((torch.zeros(5, 2), torch.zeros(5, 2)), True),
        ((torch.zeros(5, 2), torch.zeros(3)), False),
        ((torch.zeros(5, 2), torch.zeros(5, 5, 2)), False),
        ((torch.zeros(5, 3), torch.zeros(3)), False),
        (torch.zeros(5, 2), False),
    ],
)
def test_which_policies_are_gaussians(policy, is_right):
    assert (build_distribution(BOUNDED).fault(policy, 5) == "") is is_right
