"""Evaluations: as many whole episodes as were asked for, none favoured, and the same each time."""

import math
import random
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from imageio_ffmpeg import get_ffmpeg_exe

from stride.errors import ComponentError, MissingExtra, RunFailed, UserError
from stride.rl.algorithms.ppo import PPO
from stride.rl.environments.moments import RunningMoments
from stride.rl.evaluation import Evaluation, Evaluator
from stride.rl.evaluation.policies import acting
from stride.rl.networks.actor_critic import ActorCritic
from stride.rl.spaces import Spaces
from stride.stats.intervals import bootstrap_interval

HERE = "tests.rl.evaluation.scripted"


def waits(observations):
    return np.zeros(len(observations), np.int64)


def leans(observations):
    """Hold the pole of CartPole."""
    return (observations[:, 2] + 0.5 * observations[:, 3] > 0).astype(np.int64)


def algorithm():
    """Return one that knows nothing of CartPole yet."""
    torch.manual_seed(0)
    spaces = Spaces((4,), "float32", (), num_actions=2)
    network = ActorCritic((4,), (), num_classes=2)
    return PPO(network, spaces)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
@pytest.mark.parametrize("episodes", [2, 4, 10])
def test_long_episodes_count_as_often_as_they_occur(mode, episodes):
    """Of the first ones to end most would be short: their mean would be below 6."""
    evaluator = Evaluator(f"{HERE}:three_and_nine", {"mode": mode}, episodes=episodes, num_envs=2)
    found = evaluator.evaluate(waits)
    assert found.mean == 6.0 and found.length == 6.0
    assert found.lengths == (3, 9) * (episodes // 2) and found.returns == found.lengths


def test_an_uneven_number_of_episodes_is_fixed_beforehand_too():
    found = Evaluator(f"{HERE}:three_and_nine", episodes=5, num_envs=2).evaluate(waits)
    assert found.lengths == (3, 9, 3, 9, 3)
    assert Evaluator(f"{HERE}:three_and_nine", episodes=1).evaluate(waits).lengths == (3,)


def test_what_an_evaluation_says():
    found = Evaluation((1.0, 2.0, 3.0, 10.0), (1, 2, 3, 10), (0.0, 0.0, 1.0, 1.0))
    assert found.values("validation/far") == {
        "validation/far/return": 4.0,
        "validation/far/return_std": pytest.approx(4.0824829),
        "validation/far/return_iqm": 2.5,
        "validation/far/return_min": 1.0,
        "validation/far/return_max": 10.0,
        "validation/far/length": 4.0,
        "validation/far/success": 0.5,
    }
    assert found.interval == bootstrap_interval(found.returns)
    assert Evaluation((1.0,), (1,)).interval is None
    assert "test/success" not in Evaluation((1.0,), (1,)).values("test")


def test_success_is_the_environments_word():
    ends = Evaluator(f"{HERE}:Lengths", episodes=3).evaluate(lambda seen: waits(seen) + 1)
    assert ends.success == 1 and ends.lengths == (1, 1, 1)
    assert Evaluator(f"{HERE}:Lengths", episodes=3).evaluate(waits).success == 0


def test_evaluations_in_a_row_are_the_same_and_touch_no_generator():
    evaluator = Evaluator("CartPole-v1", episodes=20, deterministic=False)
    policy = algorithm()
    policy.train()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = random.random(), np.random.rand(), torch.rand(1)
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    first, second = evaluator.evaluate(policy), evaluator.evaluate(policy)
    assert first == second and len(set(first.returns)) > 3
    assert (random.random(), np.random.rand(), torch.rand(1)) == expected
    assert policy.network.training
    assert Evaluator("CartPole-v1", episodes=20, seed=1).evaluate(policy) != first


def test_an_environment_that_draws_from_global_generators_is_the_same_each_time():
    evaluator = Evaluator(f"{HERE}:Careless", episodes=2)
    assert evaluator.evaluate(waits) == evaluator.evaluate(waits)


def test_a_policy_is_in_evaluation_mode_meanwhile(monkeypatch):
    policy, modes = algorithm(), []
    greedy = policy.greedy
    monkeypatch.setattr(
        policy, "greedy", lambda o: modes.append(policy.network.training) or greedy(o)
    )
    policy.train()
    Evaluator("CartPole-v1", episodes=2).evaluate(policy)
    assert set(modes) == {False} and policy.network.training


def test_a_policy_draws_only_where_that_is_asked_for():
    policy, options = algorithm(), {"episodes": 20}
    best = Evaluator("CartPole-v1", **options).evaluate(policy)
    drawn = Evaluator("CartPole-v1", **options, deterministic=False).evaluate(policy)
    assert best == Evaluator("CartPole-v1", **options).evaluate(
        lambda seen: policy.greedy(torch.as_tensor(seen))
    )
    assert best != drawn


def test_a_hundred_episodes_are_played_in_one_vector():
    found = Evaluator("CartPole-v1", episodes=100).evaluate(leans)
    assert found.min == 500 and found.lengths == (500,) * 100


def test_chance_is_a_baseline():
    found = Evaluator("CartPole-v1", episodes=50).evaluate(None)
    assert 15 < found.mean < 35 and found == Evaluator("CartPole-v1", episodes=50).evaluate(None)
    moved = Evaluator("Pendulum-v1", episodes=2, max_episode_steps=300).evaluate(None)
    assert -2000 < moved.mean < -100 and moved.lengths == (200, 200)


def test_chance_stays_within_the_bounds_that_there_are():
    spaces = Spaces(
        (1,), "float32", (3,), low=(-2.0, -math.inf, 5.0), high=(0.0, math.inf, math.inf)
    )
    with acting(None, spaces, seed=0, deterministic=True, env_steps=0) as act:
        drawn = act(np.zeros((500, 1)))
    assert drawn.shape == (500, 3) and drawn.dtype == np.float32
    assert drawn.min(axis=0) == pytest.approx([-2, -1, 5], abs=0.02)
    assert drawn.max(axis=0) == pytest.approx([0, 1, 6], abs=0.02)


def test_statistics_of_the_training_are_used_and_stay_as_they_are():
    seen = []

    def looks(observations):
        seen.append(observations.copy())
        return waits(observations)

    observed = RunningMoments((1,))
    observed.update(np.array([[-1.0], [3.0], [5.0]]))
    statistics = {
        "observations": observed.state_dict(),
        "rewards": RunningMoments(()).state_dict(),
    }
    evaluator = Evaluator(f"{HERE}:Lengths", episodes=1, normalization=statistics)
    found = evaluator.evaluate(looks)
    assert found.returns == (3.0,)
    expected = (np.arange(3) - observed.mean) / np.sqrt(observed.variance + 1e-8)
    assert np.ravel(seen) == pytest.approx(np.ravel(expected))
    seen.clear()
    assert evaluator.evaluate(looks) == found
    assert np.ravel(seen) == pytest.approx(np.ravel(expected))


def test_an_episode_that_does_not_end_is_told_of():
    evaluator = Evaluator(f"{HERE}:Lengths", {"length": 0}, max_episode_steps=50)
    with pytest.raises(RunFailed, match="episode 0 has not ended after 50 steps") as told:
        evaluator.evaluate(waits)
    assert '"TimeLimit"' in told.value.hint
    limit = [{"name": "TimeLimit", "max_episode_steps": 50}]
    found = Evaluator(f"{HERE}:Lengths", {"length": 0}, wrappers=limit, episodes=2)
    assert found.evaluate(waits).lengths == (50, 50)


def test_what_cannot_be_evaluated_is_refused():
    policy = algorithm()
    with pytest.raises(
        ComponentError, match=r"observations are of shape \(1,\) here, and of \(4,\)"
    ):
        Evaluator(f"{HERE}:Lengths").evaluate(policy)
    policy.spaces = replace(policy.spaces, num_actions=3)
    with pytest.raises(ComponentError, match="2 actions here, and 3"):
        Evaluator("CartPole-v1").evaluate(policy)
    with pytest.raises(UserError, match="episodes=0"):
        Evaluator("CartPole-v1", episodes=0)


def test_a_video_is_what_the_episode_showed(tmp_path):
    path = tmp_path / "episode.mp4"
    found = Evaluator(f"{HERE}:Lengths", {"length": 20}).record(waits, path)
    assert found.lengths == (20,)
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    read = [get_ffmpeg_exe(), "-i", str(path), *raw]
    video = subprocess.run(read, capture_output=True, check=True)
    pictures = np.frombuffer(video.stdout, np.uint8).reshape(-1, 34, 18, 3)
    assert len(pictures) == 20 and b"10 fps" in video.stderr
    heights = (pictures[..., 0].mean(axis=2) > 128).sum(axis=1)
    assert heights == pytest.approx(np.arange(20), abs=2)
    assert [*tmp_path.iterdir()] == [path]


def test_no_video_is_left_of_an_episode_that_fails(tmp_path):
    def fails(observations):
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        Evaluator(f"{HERE}:Lengths").record(fails, tmp_path / "episode.mp4")
    assert [*tmp_path.iterdir()] == []
    with pytest.raises(
        UserError, match=r"episode\.txt is not named as a video; name it episode\.mp4"
    ):
        Evaluator(f"{HERE}:Lengths").record(waits, tmp_path / "episode.txt")


def test_a_video_needs_its_packages(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(MissingExtra, match="imageio_ffmpeg"):
        Evaluator(f"{HERE}:Lengths").record(waits, tmp_path / "episode.mp4")
