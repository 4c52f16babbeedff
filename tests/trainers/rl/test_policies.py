"""Trainings by PPO: what is refused before there is a run, and actions made of numbers."""

import pytest
import torch
from torch import nn

from stride.errors import ComponentError, ConfigError
from tests.trainers.rl.trainings import made


def test_a_network_without_a_value_leaves_no_run(tmp_path):
    trainer = made(tmp_path)
    trainer.set_model(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)))
    with pytest.raises(ComponentError, match="PPO needs `return policy, value`"):
        trainer.fit()
    assert not (tmp_path / "0").exists()


def test_more_minibatches_than_transitions_leave_no_run(tmp_path):
    trainer = made(tmp_path, rl={"num_envs": 1, "rollout_steps": 3})
    with pytest.raises(ConfigError, match="too few for 2 minibatches"):
        trainer.fit()
    assert not (tmp_path / "0").exists()


@pytest.mark.parametrize("algorithm", ["PPO", "REINFORCE"])
def test_actions_made_of_numbers_are_learnt(tmp_path, algorithm):
    kwargs = {"algorithm_kwargs": {}} if algorithm == "REINFORCE" else {}
    trainer = made(
        tmp_path, rl={"algorithm": algorithm, "env_name": "Pendulum-v1", **kwargs}, epochs=1
    )
    before = trainer.model.network.log_std.clone()
    trainer.fit()
    assert not torch.equal(trainer.model.network.log_std, before)
