"""A training is the loop that one would write by hand, to the bit."""

import copy
from pathlib import Path

import torch

from stride.data.seeding import mix
from stride.rl.algorithms.ppo import PPO
from stride.rl.environments import build_environments
from stride.rl.timestep import Timestep
from stride.trainers.rl.kind import ROLLOUTS
from tests.trainers.rl.trainings import SMALL, made

ENVS, STEPS, EPOCHS, SEED = 4, 32, 3, 3


def by_hand(algorithm: PPO) -> None:
    """Train by rollouts and updates, with nothing round them."""
    environments = build_environments("CartPole-v1", num_envs=ENVS, seed=SEED)
    environments.reset()
    cpu, draw = torch.device("cpu"), torch.Generator().manual_seed(mix(ROLLOUTS, SEED))
    storage = algorithm.build_storage(ENVS, STEPS, cpu)
    parameters = [*algorithm.network.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=2.5e-3, fused=True)
    for _ in range(EPOCHS):
        for _ in range(STEPS):
            seen = environments.observations
            chosen = algorithm.act(torch.from_numpy(seen), draw, 0)
            actions = chosen.pop("actions")
            storage.add(Timestep(seen, actions, environments.step(actions.numpy()), chosen))
        last = torch.from_numpy(environments.observations)
        for number in range(algorithm.num_updates(ENVS, STEPS)):
            optimizer.zero_grad()
            algorithm.training_step(algorithm.batch(storage, number, last, draw)).loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 0.5)
            optimizer.step()


def test_ppo_ends_with_the_weights_of_a_loop_by_hand(tmp_path: Path) -> None:
    trainer = made(
        tmp_path,
        rl={"num_envs": ENVS, "rollout_steps": STEPS},
        epochs=EPOCHS,
        training_config={"save_best": False},  # but the last weights
        seed=SEED,
        device="cpu",
    )
    network = trainer.model.network
    expected = PPO(copy.deepcopy(network), trainer.model.spaces, **SMALL["PPO"]["algorithm_kwargs"])
    trainer.fit()
    by_hand(expected)
    trained = trainer.model.network.state_dict()
    assert all(
        torch.equal(trained[name], one) for name, one in expected.network.state_dict().items()
    )
