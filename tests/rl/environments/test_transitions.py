"""No transition crosses a reset, in whatever way environments are reset; ends are seen truly."""

import numpy as np
import pytest

from stride.rl.environments import Episode, build_environments

HERE = "tests.rl.environments.scripted"
STEPS = 40


def built(form, num_envs=2):
    if form in ("sync", "async"):
        return build_environments(
            f"{HERE}:Scripted", num_envs=num_envs, seed=0, vectorization=form, training=False
        )
    kwargs = {"mode": form}
    return build_environments(
        f"{HERE}:scripted_vector", kwargs, num_envs=num_envs, seed=0, training=False
    )


@pytest.mark.parametrize("form", ["sync", "async", "NextStep", "SameStep", "Disabled"])
def test_no_transition_crosses_a_reset(form):
    environments = built(form)
    environments.reset()
    lengths = [(3, 1, 4)] * 2 if form in ("sync", "async") else [(3, 1, 4), (4, 1, 4)]
    steps = 0
    for _ in range(STEPS):
        before = environments.observations.copy()
        outcome = environments.step(np.array([0, 1]))
        for env in np.flatnonzero(outcome.is_transition):
            episode, step = map(int, before[env])
            assert outcome.next_observations[env].tolist() == [episode, step + 1]
            ends = step + 1 == lengths[env][episode % 3]
            assert outcome.terminated[env] == (ends and episode % 2 == 0)
            assert outcome.truncated[env] == (ends and episode % 2 == 1)
            assert outcome.rewards[env] == step + 1
        for env in np.flatnonzero(~outcome.is_transition):
            assert form == "NextStep"
            assert not (outcome.terminated[env] or outcome.truncated[env] or outcome.rewards[env])
        steps += outcome.is_transition.sum()
    environments.close()
    assert steps == 2 * STEPS if form != "NextStep" else steps < 2 * STEPS
    of_first = [one for one in environments.take_episodes() if one.env == 0]
    assert of_first[:3] == [
        Episode(0, 6.0, 3, 1.0),
        Episode(0, 1.0, 1, 0.0),
        Episode(0, 10.0, 4, 1.0),
    ]
    assert environments.take_episodes() == []
