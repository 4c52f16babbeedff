"""Environments that say in their observations where they are, so that a wrong step is seen."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv


class Scripted(gymnasium.Env[np.ndarray, Any]):
    """Episodes of given lengths: observations are (episode, step), rewards the number of the step.

    Every other episode is cut off, the others end. The memory of observations is used again and
    again, as some simulators do, unless `copies`.
    """

    observation_space = Box(0, 1000, (2,), np.float32)
    action_space = Discrete(2, start=3)

    def __init__(self, lengths: tuple[int, ...] = (3, 1, 4), copies: bool = False):
        self.lengths, self.episode = lengths, -1
        self.place, self.copies = np.zeros(2, np.float32), copies

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.episode += 1
        self.place[:] = self.episode, 0
        return self.seen(), {}

    def seen(self):
        return self.place.copy() if self.copies else self.place

    def step(self, action):
        assert action in (3, 4)
        self.place[1] += 1
        done = bool(self.place[1] == self.lengths[self.episode % len(self.lengths)])
        terminated, truncated = done and self.episode % 2 == 0, done and self.episode % 2 == 1
        told = {"is_success": terminated} if done else {}
        return self.seen(), float(self.place[1]), terminated, truncated, told


def scripted_vector(num_envs: int, mode: str = "NextStep"):
    """Return several that reset in one of Gymnasium's ways; the first episode of i has 3 + i steps.

    Gymnasium's SameStep keeps no copy of the last observation, so that they have to.
    """
    made = [lambda i=i: Scripted((3 + i, 1, 4), copies=True) for i in range(num_envs)]
    return SyncVectorEnv(made, copy=False, autoreset_mode=AutoresetMode(mode))
