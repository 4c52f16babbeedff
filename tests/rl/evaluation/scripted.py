"""Environments with episodes of known lengths, for evaluations."""

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv


class Lengths(gymnasium.Env[np.ndarray, Any]):
    """Episodes of one length, with reward 1 a step; action 1 ends one at once, and is a success.

    A length of 0 has no end. Pictures are as high as the episode is old, and drawn without help.
    """

    observation_space = Box(0, 1000, (1,), np.float32)
    action_space = Discrete(2)
    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(self, length: int = 3, render_mode: str | None = None):
        self.length, self.steps, self.render_mode = length, 0, render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.steps += 1
        done = self.steps == self.length or bool(action)
        seen = np.full(1, self.steps, np.float32)
        return seen, 1.0, done, False, {"is_success": bool(action)} if done else {}

    def render(self):
        picture = np.zeros((33, 17, 3), np.uint8)
        picture[: self.steps] = 255
        return picture


class Careless(Lengths):
    """Its rewards come from the global generators."""

    def step(self, action):
        seen, _, done, cut, told = super().step(action)
        return seen, float(np.random.rand()), done, cut, told


def three_and_nine(num_envs: int, mode: str = "NextStep"):
    """Return environments of which every other one has episodes of 3 steps, the others of 9."""
    made = [lambda i=i: Lengths(9 if i % 2 else 3) for i in range(num_envs)]
    return SyncVectorEnv(made, autoreset_mode=AutoresetMode(mode))
