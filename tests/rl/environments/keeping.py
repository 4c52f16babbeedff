"""Environments that keep what they are in various ways."""

import random
from collections import deque
from enum import Enum
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete


class Weather(Enum):
    DRY = "dry"
    WET = "wet"


class World:
    """Draws and remembers."""

    def __init__(self, generator: np.random.Generator):
        self.generator, self.seen = generator, deque([0.0] * 3, maxlen=3)

    def move(self) -> float:
        self.seen.append(float(self.generator.normal()))
        return sum(self.seen)


class Walk(gymnasium.Env[np.ndarray, Any]):
    """A random walk whose state is spread over objects, containers and generators."""

    observation_space = Box(-np.inf, np.inf, (2,), np.float64)
    action_space = Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.world = World(self.np_random)
        self.python, self.weather = random.Random(int(self.np_random.integers(99))), Weather.DRY
        self.places = {"x": np.zeros(2), "last": [0.0]}
        self.same = self.places["x"]
        return self.observe(), {}

    def step(self, action):
        self.places["x"] += self.world.move(), self.python.random() * (2 * action - 1)
        self.same += 1.0  # one array by two names
        self.places["last"].append(float(self.same[0]))
        self.weather = Weather.WET if self.places["last"][-2] > 1 else Weather.DRY
        return self.observe(), float(self.weather is Weather.WET), bool(self.same[1] > 9), False, {}

    def observe(self):
        return self.places["x"].copy()


class Secretive(Walk):
    """Keeps something that can be read by nothing but the iterator's own step."""

    def reset(self, *, seed=None, options=None):
        self.secret = iter(range(1000))
        return super().reset(seed=seed)

    def step(self, action):
        self.same[0] += next(self.secret)
        return super().step(action)


class Careless(Walk):
    """Draws from the generator of all."""

    def step(self, action):
        self.same[0] += np.random.random()
        return super().step(action)


class Viewing(Walk):
    """Has a view of a part of an array."""

    def reset(self, *, seed=None, options=None):
        made = super().reset(seed=seed)
        self.view = self.same[1:]
        return made


class OwnState(gymnasium.Env[np.ndarray, Any]):
    """Says itself what it is."""

    observation_space, action_space = Box(0, 99, (1,), np.float32), Discrete(2)

    def reset(self, *, seed=None, options=None):
        self.secret = iter(range(100))
        return np.zeros(1, np.float32), {}

    def step(self, action):
        place = next(self.secret)
        return np.array([place], np.float32), 1.0, place > 50, False, {}

    def state_dict(self):
        return {"left": self.secret.__length_hint__()}

    def load_state_dict(self, state):
        self.secret = iter(range(100 - state["left"], 100))


class Unbuildable(Walk):
    """Can be built three times: for those that train."""

    number = 0

    def __init__(self):
        Unbuildable.number += 1
        if Unbuildable.number > 3:
            raise OSError("the port is taken")


class Blooming(Walk):
    """Has an object that it makes late."""

    late = None

    def reset(self, *, seed=None, options=None):
        self.late, self.number = None, 0
        return super().reset(seed=seed)

    def step(self, action):
        self.number += 1
        if self.number == 40:
            self.late = World(self.np_random)
        observation, reward, *_ = super().step(action)
        return observation, reward, False, False, {}
