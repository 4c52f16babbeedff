"""What environments hold comes back exactly, or is told to be in doubt."""

import numpy as np
import pytest

from stride.engine.checkpoint.fidelity import same
from stride.engine.checkpoint.packing import Packer, unpack
from stride.rl.environments import build_environments

HERE = "tests.rl.environments.keeping"


def built(name, **others):
    return build_environments(name, num_envs=3, seed=5, **others)


def stored(state):
    """Return a state as a checkpoint gives it back."""
    packer = Packer()
    packed = packer.pack(state, "environments")
    return unpack(packed, {name: tensor.clone() for name, tensor in packer.tensors.items()})


def actions_for(environments, number):
    generator, spaces = np.random.default_rng(3), environments.spaces
    if spaces.discrete:
        return generator.integers(spaces.num_actions, size=(number, 3))
    drawn = generator.uniform(spaces.low, spaces.high, size=(number, 3, len(spaces.low)))
    return drawn.astype(np.float32)


def trace(environments, actions):
    steps = [[vars(environments.step(one)), environments.observations.copy()] for one in actions]
    return [*steps, environments.take_episodes(), environments.normalization.state_dict()]


EXACT = [
    ("CartPole-v1", {}),
    ("CartPole-v1", {"vectorization": "sync"}),
    ("CartPole-v1", {"vectorization": "async"}),
    ("Acrobot-v1", {}),
    ("MountainCar-v0", {}),
    ("MountainCarContinuous-v0", {}),
    ("Pendulum-v1", {"normalize_observations": True, "normalize_rewards": True}),
    ("Pendulum-v1", {"vectorization": "sync", "wrappers": ["NormalizeObservation"]}),
    ("CartPole-v1", {"wrappers": [{"name": "FrameStackObservation", "stack_size": 3}]}),
    ("CartPole-v1", {"wrappers": [{"name": "DelayObservation", "delay": 2}]}),
    ("CartPole-v1", {"wrappers": [{"name": "StickyAction", "repeat_action_probability": 0.5}]}),
    ("CartPole-v1", {"wrappers": ["TimeAwareObservation"]}),
    ("CartPole-v1", {"wrappers": ["RecordEpisodeStatistics"]}),
    ("MountainCarContinuous-v0", {"wrappers": ["NormalizeReward", "FlattenObservation"]}),
    ("FrozenLake-v1", {}),
    ("Blackjack-v1", {}),
    (f"{HERE}:Walk", {}),
    (f"{HERE}:OwnState", {}),
    ("tests.rl.environments.scripted:Scripted", {}),
    ("tests.rl.environments.scripted:scripted_vector", {"env_kwargs": {"mode": "SameStep"}}),
]


@pytest.mark.parametrize(("name", "others"), EXACT, ids=str)
def test_a_new_process_goes_on_with_the_same_bits(name, others):
    killed = built(name, **others)
    assert killed.doubt == ""
    actions = actions_for(killed, 60)
    killed.reset()
    trace(killed, actions[:25])
    saved = stored(killed.state_dict())
    expected = trace(killed, actions[25:])
    resumed = built(name, **others)
    resumed.load_state_dict(saved)
    assert same(trace(resumed, actions[25:]), expected)
    killed.close()
    resumed.close()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Secretive", "Secretive.secret is of builtins.range_iterator"),
        ("Careless", "from the same state a copy does not give the same"),
        ("Viewing", "Viewing.view is a view of the memory of"),
        ("Unbuildable", "trying it on copies failed: OSError: the port is taken"),
    ],
)
def test_what_cannot_be_brought_back_is_told(name, told):
    assert told in built(f"{HERE}:{name}").doubt


def test_a_state_that_does_not_fit_is_told_and_new_episodes_begin():
    name = f"{HERE}:Blooming"
    killed, resumed = built(name), built(name)
    assert killed.doubt == ""
    killed.reset()
    trace(killed, actions_for(killed, 45))
    resumed.load_state_dict(stored(killed.state_dict()))
    assert resumed.doubt.startswith("a new one does not take the state: TypeError")
    assert (resumed.observations == 0).all()
    trace(resumed, actions_for(resumed, 45))


def test_proving_draws_nothing_from_the_generators_of_all():
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    built(f"{HERE}:Careless")
    assert np.random.random() == expected
