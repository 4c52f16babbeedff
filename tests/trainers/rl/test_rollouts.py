"""Rollouts: what chance does in them."""

import math
from typing import Any

import gymnasium
import numpy as np
import torch

from stride.rl.algorithms.ppo import PPO
from stride.rl.environments import build_environments
from stride.rl.networks.actor_critic import ActorCritic
from stride.trainers.rl.rollouts import Rollouts
from stride.trainers.rl.statistics import NoStatistics


class HalfBounded(gymnasium.Env[np.ndarray, np.ndarray]):
    """Show the action; it has no bound, one on the left, and one on the right."""

    observation_space = gymnasium.spaces.Box(-math.inf, math.inf, (3,))
    action_space = gymnasium.spaces.Box(
        np.array([-math.inf, 5, -math.inf], np.float32),
        np.array([math.inf, math.inf, -5], np.float32),
    )

    def reset(self, **_: Any) -> tuple[np.ndarray, dict[str, Any]]:
        return np.zeros(3, np.float32), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        return action, 0.0, False, False, {}


def test_random_actions_are_numbers_also_where_a_bound_is_missing() -> None:
    environments = build_environments(f"{__name__}:HalfBounded", num_envs=200, seed=0)
    network = ActorCritic([3], [3], hidden_sizes=[2])
    rollouts = Rollouts(
        environments,
        PPO(network, environments.spaces),
        rollout_steps=1,
        seed=0,
        device=torch.device("cpu"),
        statistics=NoStatistics(),
        save_buffer=False,
    )
    rollouts.explore(200)
    seen = environments.observations
    assert np.allclose(seen.min(0), [-1, 5, -6], atol=0.05)
    assert np.allclose(seen.max(0), [1, 6, -5], atol=0.05)
