"""Of the same weights and steps PPO and SAC have the gradients of Stable-Baselines3."""

import gymnasium
import numpy as np
import pytest
import torch

from stride.rl.advantages import estimate_advantages
from stride.rl.algorithms.ppo import PPO
from stride.rl.algorithms.sac import SAC
from stride.rl.networks.actor_critic import ActorCritic
from stride.rl.networks.soft_actor_critic import SoftActorCritic
from stride.rl.spaces import Spaces

GAMMA, LAM = 0.98, 0.8
ENVS, STEPS = 4, 128
CHOICE = Spaces((4,), "float32", (), 2)
NUMBERS = Spaces((3,), "float32", (1,), low=(-2.0,), high=(2.0,))


def layers(*modules):
    """Return weights and biases of dense layers, in order."""
    return [tensor for module in modules for tensor in module.parameters()]


def copy(source, target):
    with torch.no_grad():
        for one, other in zip(source, target, strict=True):
            other.copy_(one)


@pytest.fixture
def ppos():
    """Return an algorithm of theirs after an update by a whole rollout, and ours from before it."""
    from stable_baselines3 import PPO as Theirs
    from stable_baselines3.common.env_util import make_vec_env

    theirs = Theirs(
        "MlpPolicy",
        make_vec_env("CartPole-v1", ENVS, seed=0),
        n_steps=STEPS,
        batch_size=ENVS * STEPS,
        n_epochs=1,
        gamma=GAMMA,
        gae_lambda=LAM,
        seed=0,
        device="cpu",
    )
    bodies, policy = theirs.policy.mlp_extractor, theirs.policy
    own = PPO(ActorCritic([4], [], 2), CHOICE, gamma=GAMMA, gae_lambda=LAM)
    actor = layers(bodies.policy_net, policy.action_net)
    critic = layers(bodies.value_net, policy.value_net)
    copy(actor + critic, layers(own.network.actor, own.network.critic))
    theirs.learn(ENVS * STEPS)
    return theirs, actor + critic, own


def rollout(theirs):
    """Return the columns of their rollout, (T, N, ...) of steps and environments."""
    kept, named = theirs.rollout_buffer, {}
    for name in ("observations", "actions", "values", "log_probs", "advantages", "returns"):
        column = torch.from_numpy(getattr(kept, name))
        named[name] = column.view(ENVS, STEPS, *column.shape[1:]).transpose(0, 1).squeeze(-1)
    return named


@pytest.mark.ecosystem("stable_baselines3")
def test_advantages_are_theirs(ppos):
    theirs, _, own = ppos
    columns, kept = rollout(theirs), theirs.rollout_buffer
    starts = np.concatenate([kept.episode_starts[1:], theirs._last_episode_starts[None]])
    ended = torch.from_numpy(starts.astype(bool))
    assert ended.any()
    last = own.network(torch.from_numpy(theirs._last_obs))[1].detach()
    found = estimate_advantages(
        torch.from_numpy(kept.rewards),
        columns["values"],
        torch.cat([columns["values"][1:], last[None]]),
        terminated=ended,
        ended=ended,
        is_transition=torch.ones_like(ended),
        gamma=GAMMA,
        lam=LAM,
    )
    torch.testing.assert_close(found, columns["advantages"])


@pytest.mark.ecosystem("stable_baselines3")
def test_the_gradient_of_ppo_is_theirs(ppos):
    theirs, parameters, own = ppos
    columns = {name: column.flatten(0, 1) for name, column in rollout(theirs).items()}
    columns |= {"raw_actions": columns.pop("actions").long(), "explained_variance": torch.zeros(())}
    own.training_step(columns).loss.backward()
    mine = layers(own.network.actor, own.network.critic)
    torch.nn.utils.clip_grad_norm_(mine, 0.5)
    for one, other in zip(mine, parameters, strict=True):
        # Deviations of advantages have n in their denominator here, and n - 1 there.
        torch.testing.assert_close(one.grad, other.grad, rtol=2e-3, atol=1e-5)


BATCH = 32


@pytest.fixture
def sacs():
    """Return an algorithm of theirs that has taken random steps, and ours with its weights."""
    from stable_baselines3 import SAC as Theirs

    theirs = Theirs(
        "MlpPolicy",
        gymnasium.make("Pendulum-v1"),
        learning_rate=0.0,
        learning_starts=64,
        policy_kwargs={"net_arch": [16, 16]},
        buffer_size=1_000,
        seed=0,
        device="cpu",
    )
    theirs.learn(64)
    own = SAC(SoftActorCritic([3], [1], [16, 16]), NUMBERS)
    copy(actor_of(theirs, by=lambda tensor: tensor), layers(own.actor))
    copy(layers(theirs.critic), layers(own.critics))
    return theirs, own


def actor_of(theirs, by):
    """Return what there is by each parameter of their actor, whose last layer is two of ours."""
    actor = theirs.actor
    last = zip(layers(actor.mu), layers(actor.log_std), strict=True)
    both = [torch.cat([by(one), by(other)]) for one, other in last]
    return [by(tensor) for tensor in layers(actor.latent_pi)] + both


def transitions(theirs):
    """Return the batch that their next update draws, with its noise."""
    np.random.seed(1)
    drawn = theirs.replay_buffer.sample(BATCH)
    np.random.seed(1)
    torch.manual_seed(1)
    zeros, ones = torch.zeros(BATCH, 1), torch.ones(BATCH, 1)
    noise, next_noise = torch.normal(zeros, ones), torch.normal(zeros, ones)
    torch.manual_seed(1)
    return {
        "observations": drawn.observations,
        "actions": 2 * drawn.actions,  # in the units of the environment
        "rewards": drawn.rewards.squeeze(1),
        "next_observations": drawn.next_observations,
        "discounts": 0.99 * (1 - drawn.dones.squeeze(1)),
        "weights": torch.ones(BATCH),
        "noise": noise,
        "next_noise": next_noise,
    }


@pytest.mark.ecosystem("stable_baselines3")
def test_the_gradients_of_sac_are_theirs(sacs):
    theirs, own = sacs
    batch, critics = transitions(theirs), []
    # Later they add the actor's gradient to those of the critics, unused.
    theirs.critic.optimizer.register_step_pre_hook(
        lambda *_: critics.extend(one.grad.clone() for one in layers(theirs.critic))
    )
    theirs.train(gradient_steps=1, batch_size=BATCH)
    own.training_step(batch).loss.backward()
    found = [one.grad for one in layers(own.critics, own.actor)]
    expected = critics + actor_of(theirs, by=lambda tensor: tensor.grad)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)
    assert own.temperature.log.grad.item() == pytest.approx(theirs.log_ent_coef.grad.item(), 1e-4)
