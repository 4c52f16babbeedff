"""The loss of REINFORCE against a sum made by hand."""

import math

import pytest
import torch

from stride.rl.algorithms.reinforce import REINFORCE
from tests.rl.algorithms.updates import CHOICE, CPU, Fixed, batch


def test_the_loss_is_minus_log_probability_by_advantage():
    algorithm = REINFORCE(Fixed([math.log(0.8), math.log(0.2)], 1.5), CHOICE)
    step = algorithm.training_step(batch())
    policy_loss = -(math.log(0.8) * 2 + math.log(0.2) * -1) / 2
    value_loss = (1.5**2 + 1.5**2) / 2
    assert step.values["policy_loss"].item() == pytest.approx(policy_loss)
    assert step.loss.item() == pytest.approx(policy_loss + value_loss)


def test_one_update_follows_a_rollout():
    algorithm = REINFORCE(Fixed([0.0, 0.0], 0.0), CHOICE)
    assert algorithm.num_updates(2, 8) == 1
    assert math.isfinite(algorithm.training_step(algorithm.example(CPU)).loss.item())
    assert torch.equal(algorithm.greedy(torch.zeros(1, 2)), torch.zeros(1, dtype=torch.int64))
