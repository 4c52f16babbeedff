"""Observations and rewards are scaled by what was seen, and by nothing else."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from stride.rl.environments import build_environments
from stride.rl.environments.moments import RunningMoments
from stride.rl.environments.state.stateful_env import StatefulEnv

SCRIPTED = "tests.rl.environments.scripted"


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_moments_are_those_of_all_samples(offset):
    samples = np.random.default_rng(0).normal(offset, [1.0, 20.0], size=(1000, 2))
    moments = RunningMoments((2,))
    assert moments.variance.tolist() == [1.0, 1.0]
    for part in np.split(samples, [1, 1, 4, 300]):
        moments.update(part)
    assert moments.count == 1000
    np.testing.assert_allclose(moments.mean, samples.mean(axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(moments.variance, samples.var(axis=0), rtol=1e-9)
    other = RunningMoments((2,))
    other.load_state_dict(moments.state_dict())
    assert (other.mean == moments.mean).all() and (other.variance == moments.variance).all()


def built(name, kwargs=None, **others):
    others = {"num_envs": 2, "seed": 0} | others
    return build_environments(name, kwargs or {}, **others)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
def test_observations_acted_on_are_counted_once(mode):
    """Neither what an episode ended with counts, nor anything twice, however there are resets."""
    environments = built(f"{SCRIPTED}:scripted_vector", {"mode": mode}, normalize_observations=True)
    plain = built(f"{SCRIPTED}:scripted_vector", {"mode": mode})
    acted_on = []
    for one in (environments, plain):
        one.reset()
    ended = np.zeros(2, bool)
    for _ in range(20):
        acted_on += [plain.observations[~ended] if mode == "NextStep" else plain.observations]
        outcome, scaled = plain.step(np.zeros(2, int)), environments.step(np.zeros(2, int))
        ended = outcome.terminated | outcome.truncated
        assert (outcome.terminated == scaled.terminated).all()
    acted_on += [plain.observations[~ended] if mode == "NextStep" else plain.observations]
    seen, all_ = environments.normalization.statistics()["observations"], np.concatenate(acted_on)
    assert seen["count"] == len(all_)
    np.testing.assert_allclose(seen["mean"], all_.mean(axis=0))
    deviation = np.sqrt(all_.var(axis=0) + 1e-8)
    for found, raw in (
        (environments.observations, plain.observations),
        (scaled.next_observations, outcome.next_observations),
    ):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, (raw - all_.mean(axis=0)) / deviation, rtol=1e-5)


def test_rewards_are_divided_by_the_deviation_of_discounted_sums():
    environments = built(f"{SCRIPTED}:Scripted", normalize_rewards=True, gamma=0.5)
    plain = built(f"{SCRIPTED}:Scripted")
    for one in (environments, plain):
        one.reset()
    sums, seen = np.zeros(2), []
    for _ in range(9):
        given, scaled = plain.step(np.zeros(2, int)), environments.step(np.zeros(2, int))
        sums = sums * 0.5 + given.rewards
        seen.append(sums)
        deviation = np.sqrt(np.var(seen) + 1e-8)
        np.testing.assert_allclose(scaled.rewards, np.clip(given.rewards / deviation, -10, 10))
        sums = np.where(given.terminated | given.truncated, 0.0, sums)
    assert environments.episodes == plain.episodes  # with rewards as they were given


def test_extremes_are_cut_off():
    environments = built("CartPole-v1", normalize_observations=True)
    environments.reset()
    assert environments.normalization.scale(np.full((1, 4), 1e9)).tolist() == [[10.0] * 4]
    assert environments.spaces.observation_dtype == "float32"


def test_evaluation_uses_statistics_and_changes_none():
    trained = built("CartPole-v1", normalize_observations=True)
    trained.reset()
    for _ in range(30):
        trained.step(np.array([0, 1]))
    statistics = trained.normalization.statistics()
    tested = built("CartPole-v1", normalize_observations=True, training=False, num_envs=5, seed=9)
    tested.normalization.use(statistics)
    raw = built("CartPole-v1", training=False, num_envs=5, seed=9)
    for one in (tested, raw):
        one.reset()
        one.step(np.array([0, 1, 0, 1, 0]))
    seen = tested.normalization.statistics()["observations"]
    assert seen["count"] == statistics["observations"]["count"] == 62 - len(trained.episodes)
    assert (tested.observations == trained.normalization.scale(raw.observations)).all()
    assert raw.normalization.statistics() == {}


@pytest.mark.filterwarnings("ignore:.*(action space|not specified|unwrapped version).*:UserWarning")
@pytest.mark.parametrize(
    "wrapper", ["OrderEnforcing", "TimeAwareObservation", "FlattenObservation"]
)
def test_gymnasiums_checker_has_nothing_to_say_of_the_outermost_wrapper(wrapper):
    env = getattr(gymnasium.wrappers, wrapper)(gymnasium.make("Pendulum-v1"))
    check_env(StatefulEnv(env), skip_render_check=True)
