"""Rollouts of real environments in every way of resetting, and what batches are cut from them."""

import numpy as np
import pytest
import torch

from stride.rl.environments import build_environments
from stride.rl.rollout_buffer import RolloutBuffer
from stride.rl.spaces import Spaces
from stride.rl.timestep import Timestep

CPU = torch.device("cpu")
STEPS, ENVS = 9, 2
GAMMA, LAM = 0.9, 0.5
WAYS = ["NextStep", "SameStep", "Disabled"]


def value_of(observations):
    """Give each (episode, step) a value of its own."""
    episode, step = np.moveaxis(np.asarray(observations, np.float32), -1, 0)
    return np.sin(3 * episode + 7 * step).astype(np.float32)


def scripted(way):
    environments = build_environments(
        "tests.rl.environments.scripted:scripted_vector",
        {"mode": way},
        num_envs=ENVS,
        seed=0,
        training=False,
    )
    environments.reset()
    return environments


def roll_out(environments, buffer):
    """Fill a buffer; return all transitions as (env, observation, reward, next, terminated)."""
    seen = []
    for _ in range(STEPS):
        before = environments.observations.copy()
        outcome = environments.step(np.zeros(ENVS, np.int64))
        values = torch.from_numpy(value_of(before))
        extras = {"values": values, "place": torch.from_numpy(before[:, 0] * 100 + before[:, 1])}
        buffer.add(Timestep(before, torch.zeros(ENVS), outcome, extras))
        for env in np.flatnonzero(outcome.is_transition):
            following = outcome.next_observations[env].copy()
            ends = bool(outcome.terminated[env])
            seen.append((int(env), tuple(before[env]), outcome.rewards[env], following, ends))
    return seen


def finish(buffer, environments):
    truncated = torch.from_numpy(value_of(buffer.last_observations().numpy()))
    following = torch.from_numpy(value_of(environments.observations))
    buffer.finish(following, truncated, GAMMA, LAM)


def expected_advantages(seen):
    """Return by (env, episode, step) the sum of errors up to the episode's end, from behind."""
    advantages = {}
    for env, (episode, step), reward, following, ends in reversed(seen):
        later = advantages.get((env, episode, step + 1), 0.0)
        worth = 0.0 if ends else GAMMA * value_of(following)
        error = reward + worth - value_of((episode, step))
        advantages[env, episode, step] = error + GAMMA * LAM * later
    return advantages


def whole_batch(buffer, num_batches=1):
    buffer.shuffle(torch.Generator().manual_seed(0))
    parts = [buffer.batch(number, num_batches) for number in range(num_batches)]
    return {n: torch.cat([part[n] for part in parts]) for n in parts[0] if parts[0][n].ndim}


@pytest.mark.parametrize("way", WAYS)
def test_advantages_cross_no_reset_in_any_way_of_resetting(way):
    environments = scripted(way)
    buffer = RolloutBuffer(ENVS, STEPS, environments.spaces, CPU)
    for _ in range(3):  # a later rollout begins inside of episodes, and may begin with a reset
        seen = roll_out(environments, buffer)
        finish(buffer, environments)
        batch = whole_batch(buffer)
        expected = sorted(
            (place[1] * 100 + place[2], value) for place, value in expected_advantages(seen).items()
        )
        found = sorted(zip(batch["place"].tolist(), batch["advantages"].tolist(), strict=True))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
        returns = batch["advantages"] + batch["values"]
        torch.testing.assert_close(batch["returns"], returns)


def test_a_pass_has_each_transition_once_in_batches_of_nearly_one_size():
    environments = scripted("NextStep")
    buffer = RolloutBuffer(ENVS, STEPS, environments.spaces, CPU)
    seen = roll_out(environments, buffer)
    finish(buffer, environments)
    generator = torch.Generator().manual_seed(0)
    buffer.shuffle(generator)
    parts = [buffer.batch(number, 4)["observations"] for number in range(4)]
    sizes = [len(part) for part in parts]
    assert sum(sizes) == len(seen) < STEPS * ENVS
    assert max(sizes) - min(sizes) <= 1
    observed = sorted(map(tuple, torch.cat(parts).tolist()))
    assert observed == sorted(tuple(map(float, place)) for _, place, *_ in seen)
    buffer.shuffle(generator)
    assert not torch.equal(buffer.batch(0, 4)["observations"], parts[0])


def test_a_saved_buffer_goes_on_with_the_same_batches():
    environments = scripted("NextStep")
    buffer = RolloutBuffer(ENVS, STEPS, environments.spaces, CPU)
    roll_out(environments, buffer)
    finish(buffer, environments)
    buffer.shuffle(torch.Generator().manual_seed(0))
    state = buffer.state_dict()
    other = RolloutBuffer(ENVS, STEPS, environments.spaces, CPU)
    other.load_state_dict(state)
    for number in range(3):
        mine, its = (one.batch(number, 3) for one in (buffer, other))
        assert list(mine) == list(its)
        assert all(torch.equal(mine[name], its[name]) for name in mine)
    before = its["values"].clone()
    roll_out(environments, buffer)
    other.load_state_dict(other.state_dict())  # cut again, from what is its own
    assert torch.equal(other.batch(2, 3)["values"], before)


def test_a_buffer_saved_in_the_middle_of_a_rollout_is_finished_alike():
    environments = scripted("SameStep")
    buffer, other = (RolloutBuffer(ENVS, 2 * STEPS, environments.spaces, CPU) for _ in range(2))
    roll_out(environments, buffer)
    other.load_state_dict(buffer.state_dict())
    for one in (buffer, other):
        environments = scripted("SameStep")
        roll_out(environments, RolloutBuffer(ENVS, STEPS, environments.spaces, CPU))
        roll_out(environments, one)
        finish(one, environments)
    mine, its = whole_batch(buffer), whole_batch(other)
    assert all(torch.equal(mine[name], its[name]) for name in mine)


def test_random_steps_are_left_out():
    environments = scripted("NextStep")
    buffer = RolloutBuffer(ENVS, STEPS, environments.spaces, CPU)
    outcome = environments.step(np.zeros(ENVS, np.int64))
    buffer.add(Timestep(environments.observations, torch.zeros(ENVS), outcome))
    seen = roll_out(environments, buffer)
    finish(buffer, environments)
    assert len(whole_batch(buffer)["values"]) == len(seen)


def test_observations_keep_their_type():
    spaces = Spaces((3, 2), "uint8", (), 2)
    buffer = RolloutBuffer(ENVS, STEPS, spaces, CPU)
    assert buffer.last_observations().dtype == torch.uint8
    assert buffer.last_observations().shape == (0, 3, 2)
