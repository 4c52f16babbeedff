"""What names stand for, and what is refused before anything is built."""

import signal
import subprocess
import sys

import gymnasium
import numpy as np
import pytest

from stride.errors import ComponentError, ConfigError, LostProcess, MissingExtra, UserError
from stride.rl.environments import build_environments
from stride.rl.spaces import Spaces

HERE = "tests.rl.environments.odd"


def built(name, kwargs=None, **others):
    others = {"num_envs": 2, "seed": 0, "training": False} | others
    environments = build_environments(name, kwargs or {}, **others)
    environments.reset()
    return environments


def refusal(name, kwargs=None, **others):
    with pytest.raises(UserError) as caught:
        built(name, kwargs, **others)
    return str(caught.value)


def kind_of(environments):
    return type(environments._vector.vector.unwrapped).__name__


@pytest.mark.parametrize(
    ("name", "others", "kind"),
    [
        ("CartPole-v1", {}, "CartPoleVectorEnv"),
        ("CartPole-v1", {"vectorization": "sync"}, "SyncVectorEnv"),
        ("CartPole-v1", {"num_envs": 1}, "SyncVectorEnv"),
        ("CartPole-v1", {"num_envs": 1, "vectorization": "vector"}, "CartPoleVectorEnv"),
        ("CartPole-v1", {"wrappers": ["TimeAwareObservation"]}, "SyncVectorEnv"),
        ("CartPole-v1", {"wrappers": ["DtypeObservation"]}, None),
        ("Pendulum-v1", {}, "PendulumVectorEnv"),
        ("Pendulum-v1", {"wrappers": ["FlattenObservation"]}, "PendulumVectorEnv"),
        ("Pendulum-v1", {"vectorization": "sync"}, "SyncVectorEnv"),
        ("FrozenLake-v1", {}, "SyncVectorEnv"),
        (f"{HERE}:Parts", {}, "SyncVectorEnv"),
    ],
)
def test_what_steps_them(name, others, kind):
    if kind is None:
        assert "dtype" in refusal(name, **others)
    else:
        assert kind_of(built(name, **others)) == kind


def test_spaces():
    cart, pendulum, parts = (
        built(n).spaces for n in ("CartPole-v1", "Pendulum-v1", f"{HERE}:Parts")
    )
    assert cart == Spaces((4,), "float32", (), num_actions=2)
    assert pendulum == Spaces((3,), "float32", (1,), low=(-2.0,), high=(2.0,))
    assert parts == Spaces((5,), "float32", (), num_actions=2)


@pytest.mark.parametrize("name", ["Parts", "parts_together"])
def test_parts_become_numbers_in_a_row(name):
    environments = built(f"{HERE}:{name}")
    environments.step(np.array([0, 1]))
    assert environments.observations.tolist() == [[0, 1, 0, np.float32(0.1), np.float32(0.1)]] * 2
    assert environments.observations.dtype == np.float32


@pytest.mark.parametrize(
    ("name", "kwargs", "others", "told"),
    [
        ("CartPole-v9", {}, {}, "did you mean 'CartPole-v1'?"),
        ("cartpole", {}, {}, "did you mean 'CartPole-v1'?"),
        ("Taxi-v3", {}, {}, "did you mean 'Taxi-v4'?"),
        ("nothing like it", {}, {}, "give an import path"),
        ("ale_py:ALE/Pong-v5", {}, {}, "give a function of your own that makes it"),
        ("LunarLander-v3", {}, {}, "LunarLander-v3 cannot be made"),
        ("CartPole-v1", {"sutton_barto": True}, {}, "did you mean 'sutton_barto_reward'?"),
        ("CartPole-v1", {"render_mode": "human"}, {}, "render_mode is given by STRIDE itself"),
        ("Pendulum-v1", {"max_episode_steps": -1}, {}, "give 1 or more steps"),
        ("Pendulum-v1", {"g": "heavy"}, {}, "rl_config.env_kwargs.g"),
        (f"{HERE}:Part", {}, {}, "did you mean 'Parts'?"),
        (f"{HERE}:Parts", {"sizes": 3}, {}, "did you mean 'size'?"),
        (f"{HERE}:no_environment", {}, {}, "gives a float, not a gymnasium.Env"),
        (f"{HERE}:no_vector", {}, {}, "gives a Parts, not a gymnasium.vector.VectorEnv"),
        (f"{HERE}:wrong_number", {}, {}, "gives 1 environments where num_envs=2 was asked"),
        (f"{HERE}:Silent", {}, {}, "AutoresetMode.NEXT_STEP"),
        (f"{HERE}:Endless", {}, {}, "the observations of tests.rl.environments.odd:Endless are"),
        (f"{HERE}:ManyButtons", {}, {}, "are of the space MultiDiscrete"),
        (f"{HERE}:parts_together", {"mode": "SameStep"}, {}, "Expected autoreset_mode"),
        ("CartPole-v1", {}, {"vectorization": "synch"}, "did you mean 'sync'?"),
        ("FrozenLake-v1", {}, {"vectorization": "vector"}, "type rl_config.vectorization=auto"),
        (
            f"{HERE}:parts_together",
            {},
            {"vectorization": "sync"},
            "is for all environments at once",
        ),
        ("CartPole-v1", {}, {"wrappers": ["TimeLimits"]}, "did you mean 'TimeLimit'?"),
        ("CartPole-v1", {}, {"wrappers": [{"name": "TimeLimit"}]}, "max_episode_steps is missing"),
        (
            "CartPole-v1",
            {},
            {"wrappers": [{"name": "ClipReward", "min_rewards": 0.0}]},
            "rl_config.wrappers[0].min_rewards",
        ),
        (
            f"{HERE}:parts_together",
            {},
            {"wrappers": ["TimeAwareObservation"]},
            "TimeAwareObservation is for one at a time",
        ),
    ],
)
def test_what_is_refused_and_what_to_type(name, kwargs, others, told):
    assert told in refusal(name, kwargs, **others)


def test_no_module_is_imported_for_an_id():
    sys.modules.pop("tests.rl.environments.registers", None)
    assert "make_env" in refusal("tests.rl.environments.registers:Mine-v0")
    assert "tests.rl.environments.registers" not in sys.modules


def test_a_limit_of_steps_of_an_id():
    for way in ("vector", "sync"):
        environments = built("Pendulum-v1", {"max_episode_steps": 3}, vectorization=way)
        for _ in range(3):
            outcome = environments.step(np.zeros((2, 1), np.float32))
        assert outcome.truncated.all() and not outcome.terminated.any()
        assert [one.length for one in environments.episodes] == [3, 3]


def test_wrappers_are_applied_in_their_order():
    halved, at_most = f"{HERE}:Halved", {"name": "ClipReward", "max_reward": 0.7}
    for wrappers, reward in (
        ([{"name": halved, "part": 0.25}], 0.25),
        ([halved, at_most], 0.5),
        ([at_most, halved], 0.35),
    ):
        outcome = built("CartPole-v1", wrappers=wrappers).step(np.array([0, 1]))
        assert outcome.rewards == pytest.approx(reward)
    environments = built("CartPole-v1", wrappers=[f"{HERE}:HalvedTogether"])
    assert kind_of(environments) == "CartPoleVectorEnv"
    assert environments.step(np.array([0, 1])).rewards.tolist() == [0.5, 0.5]


def test_seeds_decide_the_episodes():
    first = built("CartPole-v1", vectorization="sync").observations
    assert (first == built("CartPole-v1", vectorization="sync").observations).all()
    assert (first != built("CartPole-v1", vectorization="sync", seed=1).observations).any()
    assert (first[0] != first[1]).any()
    one = built("CartPole-v1", vectorization="sync", num_envs=1).observations
    assert (one[0] == first[0]).all()  # whatever number there are


def test_environments_in_doubt_begin_episodes_of_their_own():
    secret = "tests.rl.environments.keeping:Secretive"
    killed = built(secret, training=True)
    assert killed.doubt
    for _ in range(20):
        killed.step(np.array([1, 1]))
    state, ended = killed.state_dict(), killed.take_episodes()
    resumed, again = (built(secret, training=True) for _ in range(2))
    start = resumed.observations.copy()
    for one in (resumed, again):
        one.load_state_dict(state)
    assert ended and resumed.episodes == ended
    assert (resumed.observations == again.observations).all()
    for _ in range(20):
        resumed.step(np.array([1, 1]))
    new = resumed.take_episodes()[len(ended) :]
    assert new[0].length == ended[0].length  # from its beginning, nothing of the abandoned one
    assert start.shape == resumed.observations.shape


def test_pictures_of_the_first_environment():
    environments = built(f"{HERE}:Parts", {"size": 6}, render=True)
    environments.step(np.array([0, 0]))
    assert (environments.frame() == np.full((6, 6, 3), 1, np.uint8)).all()
    with pytest.raises(ComponentError, match="gives no pictures"):
        built(f"{HERE}:Undrawn", render=True).frame()


def test_what_draws_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygame", None)
    for name in ("CartPole-v1", "Pendulum-v1"):
        with pytest.raises(MissingExtra, match=r"'pygame' is not installed.*video"):
            built(name, render=True).frame()


def test_gymnasium_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    assert "rl" in refusal("CartPole-v1")


def test_kinds_of_mistakes():
    with pytest.raises(ConfigError):
        built("CartPole-v1", {"sutton": 1})
    with pytest.raises(ComponentError):
        built("CartPole")


def test_processes_of_environments_hear_no_signals_of_the_training():
    environments = built("CartPole-v1", vectorization="async")
    processes = environments._vector.vector.processes
    for process in processes:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
            subprocess.run(["kill", f"-{number}", str(process.pid)], check=True)
    assert environments.step(np.array([0, 1])).rewards.tolist() == [1.0, 1.0]
    environments.close()
    assert not any(process.is_alive() for process in processes)


def test_a_process_that_died_is_told():
    environments = built("CartPole-v1", vectorization="async")
    environments._vector.vector.processes[1].kill()
    environments._vector.vector.processes[1].join()
    with pytest.raises(LostProcess, match="process of an environment ended"):
        environments.step(np.array([0, 1]))
    environments.close()


def test_the_last_observation_has_to_be_given():
    environments = built("tests.rl.environments.scripted:scripted_vector", {"mode": "SameStep"})
    inside = environments._vector.vector
    step = inside.step
    environments._vector.vector.step = lambda actions: (*step(actions)[:4], {})
    with pytest.raises(ComponentError, match="no final_obs"):
        for _ in range(5):
            environments.step(np.array([0, 1]))


def test_what_is_registered_again_is_not_ours(monkeypatch):
    spec = gymnasium.spec("Pendulum-v1")
    other = gymnasium.envs.registration.EnvSpec("Pendulum-v1", entry_point=f"{HERE}:Parts")
    monkeypatch.setitem(gymnasium.registry, "Pendulum-v1", other)
    assert kind_of(built("Pendulum-v1")) == "SyncVectorEnv"
    assert built("Pendulum-v1").spaces.num_actions == 2
    monkeypatch.setitem(gymnasium.registry, "Pendulum-v1", spec)
    assert kind_of(built("Pendulum-v1")) == "PendulumVectorEnv"


def test_what_is_not_finite_is_told_once(caplog):
    environments = built(f"{HERE}:Diverging")
    for _ in range(9):
        environments.step(np.array([0, 1]))
    told = "environment 0 gave rewards that are not finite in its episode 1"
    assert caplog.messages == [told]
