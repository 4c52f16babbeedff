"""PPO's losses against sums made by hand; what it acts by, keeps, and refuses."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from stride.errors import ComponentError, ConfigError
from stride.rl.algorithms.ppo import PPO
from stride.rl.environments import build_environments
from stride.rl.networks.actor_critic import ActorCritic
from stride.rl.spaces import Spaces
from stride.rl.timestep import Timestep
from tests.rl.algorithms.updates import CHOICE, CPU, Fixed, batch

NUMBERS = Spaces((2,), "float32", (1,), low=(-2.0,), high=(2.0,))


def made(**options):
    """Return a PPO whose policy gives action 0 now 0.8, and action 1 0.2; ratios 1.6 and 0.4."""
    network = Fixed([math.log(0.8), math.log(0.2)], 1.5)
    return PPO(network, CHOICE, **{"normalize_advantage": False, **options})


def test_the_losses_are_those_of_the_paper():
    step = made().training_step(batch())
    policy_loss = -(1.2 * 2 + 0.8 * -1) / 2  # both are clipped
    value_loss = (1.5**2 + 1.5**2) / 2
    assert step.values["policy_loss"].item() == pytest.approx(policy_loss)
    assert step.values["value_loss"].item() == pytest.approx(value_loss)
    assert step.loss.item() == pytest.approx(policy_loss + 0.5 * value_loss)
    assert step.size == 2


def test_what_is_clipped_gives_the_policy_no_gradient():
    algorithm = made()
    algorithm.training_step(batch()).loss.backward()
    assert algorithm.network.logits.grad.abs().max() == 0
    algorithm = made(clip=0.7)
    algorithm.training_step(batch()).loss.backward()
    assert algorithm.network.logits.grad.abs().max() > 0


def test_a_worse_action_that_became_likelier_is_not_clipped():
    step = made().training_step(batch(advantages=torch.tensor([-2.0, 1.0])))
    assert step.values["policy_loss"].item() == pytest.approx(-(1.6 * -2 + 0.4 * 1) / 2)


def test_how_far_the_policy_moved_is_told():
    values = made().training_step(batch()).values
    divergence = (1.6 - 1 - math.log(1.6) + 0.4 - 1 - math.log(0.4)) / 2
    entropy = -(0.8 * math.log(0.8) + 0.2 * math.log(0.2))
    assert values["approx_kl"].item() == pytest.approx(divergence)
    assert values["entropy"].item() == pytest.approx(entropy)
    assert values["clip_fraction"].item() == 1
    assert values["explained_variance"].item() == 0.25
    assert made(clip=0.599).training_step(batch()).values["clip_fraction"].item() == 1
    assert made(clip=0.7).training_step(batch()).values["clip_fraction"].item() == 0


def test_entropy_is_rewarded_and_the_value_weighed():
    plain, weighed = (
        made(**options).training_step(batch())
        for options in ({}, {"entropy_coef": 0.1, "value_coef": 2.0})
    )
    difference = 1.5 * plain.values["value_loss"] - 0.1 * plain.values["entropy"]
    assert (weighed.loss - plain.loss).item() == pytest.approx(difference.item())


def test_advantages_are_normalised_in_each_minibatch():
    step = made(normalize_advantage=True, clip=10.0).training_step(batch())
    assert step.values["policy_loss"].item() == pytest.approx(-(1.6 * 1 + 0.4 * -1) / 2)
    same = batch(advantages=torch.tensor([3.0, 3.0]))
    assert made(normalize_advantage=True).training_step(same).values["policy_loss"].item() == 0


def test_the_value_may_be_kept_near_what_it_was():
    step = made(clip_value=0.2).training_step(batch())  # 1.5 counts as 1.2
    expected = (max(1.5**2, 1.8**2) + max(1.5**2, 1.2**2)) / 2
    assert step.values["value_loss"].item() == pytest.approx(expected)


def test_it_acts_within_bounds_by_the_generator_alone():
    network = ActorCritic([2], [1], log_std=2.0)
    algorithm = PPO(network, NUMBERS)
    observations = torch.randn(200, 2)
    drawn = [
        algorithm.act(observations, torch.Generator().manual_seed(3), 0)["actions"]
        for _ in range(2)
    ]
    assert torch.equal(*drawn)
    assert drawn[0].shape == (200, 1)
    assert drawn[0].min() == -2
    assert drawn[0].max() == 2
    torch.testing.assert_close(algorithm.greedy(observations), 2 * network.actor(observations))


def test_the_likeliest_action_is_the_best():
    assert made().greedy(torch.zeros(3, 2)).tolist() == [0, 0, 0]


def rolled_out(algorithm, steps=6, envs=2):
    """Return a storage with a rollout of CartPole, and the observations after it."""
    environments = build_environments("CartPole-v1", num_envs=envs, seed=0)
    environments.reset()
    storage, draw = algorithm.build_storage(envs, steps, CPU), torch.Generator().manual_seed(0)
    for number in range(steps):
        observations = environments.observations
        extras = algorithm.act(torch.from_numpy(observations), draw, number)
        actions = extras.pop("actions")
        outcome = environments.step(actions.numpy())
        storage.add(Timestep(observations, actions, outcome, extras))
    return storage, torch.from_numpy(environments.observations)


CARTPOLE = Spaces((4,), "float32", (), 2)


def test_the_updates_are_as_many_as_it_says_and_each_pass_has_all_transitions():
    algorithm = PPO(ActorCritic([4], [2], 2), CARTPOLE, num_passes=2, num_minibatches=3)
    storage, last = rolled_out(algorithm)
    draw = torch.Generator().manual_seed(0)
    assert algorithm.num_updates(2, 6) == 6
    batches = [algorithm.batch(storage, number, last, draw) for number in range(6)]
    passes = [
        torch.cat([one["observations"] for one in part]) for part in (batches[:3], batches[3:])
    ]
    assert all(len(one) == 12 for one in passes)
    assert not torch.equal(*passes)
    assert torch.equal(*(one.sort(0).values for one in passes))
    step = algorithm.training_step(batches[0])
    assert step.values["approx_kl"].item() == pytest.approx(0, abs=1e-6)


def test_a_storage_saved_between_two_updates_gives_the_same_ones():
    algorithm = PPO(ActorCritic([4], [2], 2), CARTPOLE, num_passes=2, num_minibatches=3)
    storage, last = rolled_out(algorithm)
    draw = torch.Generator().manual_seed(0)
    algorithm.batch(storage, 0, last, draw)
    other, other_draw = algorithm.build_storage(2, 6, CPU), torch.Generator()
    other.load_state_dict(storage.state_dict())
    other_draw.set_state(draw.get_state())
    with torch.no_grad():
        algorithm.network.critic[0].weight.zero_()  # an update: the advantages stay
    for number in range(1, 6):
        mine = algorithm.batch(storage, number, last, draw)
        its = algorithm.batch(other, number, last, other_draw)
        assert all(torch.equal(mine[name], its[name]) for name in mine)


def test_too_few_transitions_for_the_minibatches_are_refused():
    algorithm = PPO(ActorCritic([4], [2], 2), CARTPOLE, num_minibatches=4)
    with pytest.raises(ConfigError, match=r"only 2 transitions.*rl_config.rollout_steps=8"):
        algorithm.num_updates(1, 5)
    assert algorithm.num_updates(1, 8) == 40


@pytest.mark.parametrize("spaces", [CHOICE, NUMBERS])
def test_the_example_is_a_batch(spaces):
    shape = [2] if spaces.discrete else [1]
    network = ActorCritic([2], shape, spaces.num_actions)
    step = PPO(network, spaces).training_step(PPO(network, spaces).example(CPU))
    assert math.isfinite(step.loss.item())


class Returning(nn.Module):
    """Return what it is told to."""

    def __init__(self, outputs):
        super().__init__()
        self.outputs = outputs

    def forward(self, observations):
        return self.outputs


WRONG = [
    (CHOICE, torch.zeros(4, 2), r"returned a Tensor.*`return policy, value`.*\(4, 2\)"),
    (CHOICE, (torch.zeros(4, 3), torch.zeros(4)), "returned another policy"),
    (CHOICE, (torch.zeros(4, 2), torch.zeros(4, 1)), r"values of shape \(4, 1\)"),
    (CHOICE, (torch.zeros(4, 2), 1.0), "values that are a float"),
    (NUMBERS, (torch.zeros(4, 1), torch.zeros(4)), r"\(mean, log_std\), of shape \(4, 1\)"),
]


@pytest.mark.parametrize(("spaces", "outputs", "said"), WRONG)
def test_a_network_that_returns_something_else_is_told_what_to_return(spaces, outputs, said):
    algorithm = PPO(Returning(outputs), spaces)
    with pytest.raises(ComponentError, match=said):
        algorithm.training_step(algorithm.example(CPU))
    with pytest.raises(ComponentError, match="Returning returned"):
        algorithm.act(torch.zeros(4, 2), torch.Generator(), 0)


def test_networks_see_float32():
    spaces = Spaces((2,), "float64", (), 2)
    algorithm = PPO(ActorCritic([2], [2], 2), spaces)
    seen = []
    algorithm.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].dtype))
    algorithm.act(torch.from_numpy(np.zeros((3, 2))), torch.Generator(), 0)
    algorithm.training_step(algorithm.example(CPU))
    assert seen == [torch.float32, torch.float32]
