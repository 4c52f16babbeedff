"""Environments that are unusual, or that are none."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete, Sequence
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv


class Parts(gymnasium.Env[Any, Any]):
    """Shows a dict, and draws itself as a picture that is as bright as its step."""

    observation_space = Dict({"card": Discrete(3), "place": Box(-1, 1, (2,), np.float64)})
    action_space: Any = Discrete(2)
    metadata = {"render_modes": ["rgb_array"], "render_fps": 5}  # noqa: RUF012

    def __init__(self, size: int = 4, render_mode: str | None = None):
        self.size, self.render_mode = size, render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.number = 0
        return self.observe(), {}

    def step(self, action):
        self.number += 1
        return self.observe(), 1.0, self.number == 5, False, {}

    def observe(self):
        return {"card": self.number % 3, "place": np.full(2, self.number / 10)}

    def render(self):
        return np.full((self.size, self.size, 3), self.number, np.uint8)


class Diverging(Parts):
    """Gives rewards of NaN in its second episode."""

    episode = -1

    def reset(self, *, seed=None, options=None):
        self.episode += 1
        return super().reset(seed=seed)

    def step(self, action):
        seen, reward, *ends = super().step(action)
        return seen, np.nan if self.episode == 1 else reward, *ends


class Undrawn(Parts):
    def render(self):
        return None


class Endless(Parts):
    observation_space: Any = Sequence(Discrete(2))


class ManyButtons(Parts):
    action_space = MultiDiscrete([2, 2])


def no_environment(speed: float = 1.0):
    return speed


def no_vector(num_envs: int):
    return Parts()


def wrong_number(num_envs: int):
    return SyncVectorEnv([Parts])


class Silent(VectorEnv[Any, Any, Any]):
    """Does not say how it resets."""

    metadata = {}  # noqa: RUF012
    single_observation_space = Box(0, 1, (1,))
    single_action_space = Discrete(2)

    def __init__(self, num_envs: int):
        self.num_envs = num_envs


def parts_together(num_envs: int, mode: str = "NextStep"):
    return SyncVectorEnv([Parts] * num_envs, autoreset_mode=AutoresetMode(mode))


class Halved(gymnasium.RewardWrapper[Any, Any]):
    """Gives a part of the reward."""

    def __init__(self, env: gymnasium.Env[Any, Any], part: float = 0.5):
        super().__init__(env)
        self.part = part

    def reward(self, reward):
        return reward * self.part


class HalvedTogether(gymnasium.vector.VectorRewardWrapper):
    def rewards(self, rewards):
        return rewards / 2
