"""Each environment of ours gives from the same state what Gymnasium's own gives."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

from stride.components.imports import load
from stride.rl.environments.registered import OURS

BOUNDS = {
    "Acrobot-v1": ([-np.pi, -np.pi, -4 * np.pi, -9 * np.pi], [np.pi, np.pi, 4 * np.pi, 9 * np.pi]),
    "MountainCar-v0": ([-1.2, -0.07], [0.6, 0.07]),
    "MountainCarContinuous-v0": ([-1.2, -0.07], [0.6, 0.07]),
    "Pendulum-v1": ([-20.0, -8.0], [20.0, 8.0]),
}


def vector(name, number, **others):
    made = load(OURS[name], own=False)(number, **others)
    made.reset(seed=0)
    return made


def states_of(name, number, generator):
    """Return states all over the space, of cars some at the wall and some near the goal."""
    states = generator.uniform(*BOUNDS[name], size=(number, len(BOUNDS[name][0])))
    if "Car" in name:
        states[: number // 20, 0] = -1.2
        states[number // 20 : number // 10, 0] = generator.uniform(0.4, 0.6, size=number // 20)
    return states


def gymnasiums(name, states, actions):
    """Return what Gymnasium's own environment gives for each state, one after the other."""
    single = gymnasium.make(name).unwrapped
    single.reset(seed=0)
    given = []
    for state, action in zip(states, actions, strict=True):
        single.state = state
        observation, reward, terminated, *_ = single.step(action)
        given.append((observation, reward, terminated, single.state))
    return [np.array(part) for part in zip(*given, strict=True)]


def rounding(values):
    """Return how far apart neighbours in float32 are."""
    return np.spacing(np.abs(values).astype(np.float32)).astype(np.float64)


@pytest.mark.parametrize("number", [2_000, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("name", OURS)
def test_a_step_is_gymnasiums_within_one_rounding(name, begun, number):
    generator, ours = np.random.default_rng(number), vector(name, number)
    states = states_of(name, number, generator)
    if name == "MountainCarContinuous-v0" and begun:  # which has float32 after the first step
        states = states.astype(np.float32)
    ours.state, ours._steps[:] = states.T.astype(np.float64), int(begun)
    ours.action_space.seed(1)
    actions = ours.action_space.sample()
    observations, rewards, terminated, truncated, _ = ours.step(actions)
    expected, gains, ends, after = gymnasiums(name, states, actions)
    assert (np.abs(observations.astype(np.float64) - expected) <= rounding(expected)).all()
    assert (np.abs(rewards - gains) <= rounding(gains)).all()
    assert (np.abs(ours.state.T - after) <= np.spacing(np.abs(after))).all()
    assert (terminated == ends).all() and not truncated.any()
    assert observations.dtype == np.float32
    assert ends.any() == (name != "Pendulum-v1")


@pytest.mark.parametrize("name", OURS)
def test_episodes_begin_as_gymnasiums(name):
    single, ours = gymnasium.make(name).unwrapped, vector(name, 300)
    theirs = np.array([single.reset(seed=seed)[0] for seed in range(300)])
    seen, _ = ours.reset(seed=1)
    assert np.abs(seen.mean(axis=0) - theirs.mean(axis=0)).max() < 0.3 * max(theirs.std(), 0.1)
    assert np.abs(seen).max() <= np.abs(theirs).max() * 1.01
    assert (ours.reset(seed=1)[0] == seen).all() and (ours.reset()[0] != seen).any()


@pytest.mark.parametrize("name", OURS)
def test_an_episode_is_cut_off_at_its_limit(name):
    ours = vector(name, 2, max_episode_steps=3)
    actions = np.ones_like(ours.action_space.sample())
    flags = [ours.step(actions)[3].tolist() for _ in range(8)]
    assert flags == [[step in (2, 6)] * 2 for step in range(8)]
    assert ours.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP


class One(gymnasium.Env):
    """One of a vector, so that Gymnasium's checker can look at it."""

    def __init__(self, name):
        self.vector = vector(name, 1, max_episode_steps=10**6)
        self.observation_space = self.vector.single_observation_space
        self.action_space = self.vector.single_action_space

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        observations, infos = self.vector.reset(seed=seed)
        self.vector._np_random = self.np_random
        return observations[0], infos

    def step(self, action):
        observation, reward, terminated, truncated, infos = self.vector.step(np.array([action]))
        return observation[0], float(reward[0]), bool(terminated[0]), bool(truncated[0]), infos


@pytest.mark.parametrize("name", OURS)
@pytest.mark.filterwarnings("ignore:.*(action space|not specified).*:UserWarning")
def test_gymnasiums_checker_has_nothing_to_say(name):
    check_env(One(name), skip_render_check=True)
