"""Trainings in environments: what they count, record, refuse and end by."""

import json
from pathlib import Path
from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest
import torch
from torch import nn

from stride import RLTrainer, load_run
from stride.callbacks.base import Callback
from stride.engine.checkpoint.checkpoint import read_state
from stride.errors import ConfigError, DataError, UserError
from stride.models.weights import read_weights
from stride.rl.algorithms.ppo import PPO
from stride.runs.files.jsonl import read_lines
from stride.runs.layout import RunPaths
from stride.trainer.evaluation.async_evaluator import AsyncEvaluator
from stride.trainers.rl.evaluation import seed_of
from tests.trainers.rl.trainings import made

HERE = __name__


class Forgetful(gymnasium.Env[np.ndarray, int]):
    """Episodes of three steps; what they are in is in a generator that nobody can look into."""

    observation_space = gymnasium.spaces.Box(-1, 1, (2,))
    action_space = gymnasium.spaces.Discrete(2)
    steps = 0

    def __init__(self) -> None:
        self.inside = (number for number in iter(int, 1))

    def reset(self, **_: Any) -> tuple[np.ndarray, dict[str, Any]]:
        self.count = 0
        return np.zeros(2, np.float32), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        Forgetful.steps += 1
        self.count += 1
        last = self.count == 3
        return np.full(2, 0.1, np.float32), 1.0, last, False, {"is_success": last}


class Mine(PPO):
    """An algorithm of the user's own, which says what a config says where nothing is typed."""

    defaults: ClassVar = {"rl_config": {"num_envs": 3}, "training_config": {"clip_grad_norm": 0.1}}


class Seen(Callback):
    """Keep what each epoch gave, and ask for the end after a step."""

    def __init__(self, step: int = 0) -> None:
        self.step, self.rows = step, []  # type: ignore[var-annotated]

    def after_step(self, trainer: Any, step: Any) -> None:
        if trainer.state.step == self.step:
            trainer.stop("enough")

    def after_epoch(self, trainer: Any, metrics: dict[str, float]) -> None:
        self.rows.append(dict(metrics))


def test_max_steps_counts_steps_of_environments_and_falls_on_the_end_of_an_epoch(
    tmp_path: Path,
) -> None:
    seen = Seen()
    trainer = made(tmp_path, callbacks=[seen], training_config={"max_epochs": None})
    trainer.fit(max_steps=20)  # 16 of an epoch
    assert (trainer.state.epoch, trainer.state.step) == (2, 8)
    assert [row["env_steps"] for row in load_run(tmp_path, 0).metrics()] == [16, 32]
    assert trainer.get_num_updates() == 4
    assert {"rollout/episodes", "validation/return", "validation/length"} <= seen.rows[0].keys()
    config = trainer.config
    assert config.training_config.saving_metric == "validation/return"
    assert config.rl_config.rollouts_per_epoch == 1
    assert config.rl_config.algorithm_kwargs["clip"] == 0.2
    assert config.optimizer_kwargs.optimizer_name == "Adam"
    assert trainer.results["monitor"]["mode"] == "max"


def test_random_steps_belong_to_the_first_epoch_and_are_no_updates(tmp_path: Path) -> None:
    trainer = made(tmp_path, "DQN", training_config={"max_epochs": None})
    trainer.fit(max_steps=24)  # 8 of them, 16 of an epoch
    assert (trainer.state.epoch, trainer.state.step) == (1, 8)
    assert [row["env_steps"] for row in load_run(tmp_path, 0).metrics()] == [24]


def test_what_the_loop_asks_for_can_be_asked_for_by_hand(tmp_path: Path) -> None:
    trainer = made(tmp_path)
    rollout = trainer.collect_rollouts(add_to_buffer=False)
    assert rollout.env_steps == 16 and isinstance(rollout.episodes, tuple)
    assert trainer.get_num_updates() == 4
    trainer.fit()
    assert load_run(tmp_path, 0).metrics()[0]["env_steps"] == 16
    assert trainer.reproduce(0).identical


def test_a_network_or_an_algorithm_can_be_given_from_python(tmp_path: Path) -> None:
    class Small(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.policy, self.value = nn.Linear(4, 2), nn.Linear(4, 1)

        def forward(self, observations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return self.policy(observations), self.value(observations).squeeze(1)

    trainer = made(tmp_path, model_kwargs={}, epochs=1)
    network = Small()
    trainer.set_model(network)
    trainer.fit()
    algorithm = trainer.session.assembly.model
    assert isinstance(algorithm, PPO) and algorithm.network is network
    other = PPO(Small(), algorithm.spaces, num_passes=1, num_minibatches=1)
    trainer.set_model(other)
    trainer.fit()
    assert trainer.session.assembly.model is other and trainer.state.step == 1


def test_an_algorithm_of_the_users_own_is_named_by_its_import_path(tmp_path: Path) -> None:
    rl = {"algorithm": f"{HERE}:Mine", "num_envs": None}
    trainer = made(tmp_path, rl=rl, epochs=1)
    trainer.fit()
    assert type(trainer.session.assembly.model) is Mine
    config = load_run(tmp_path, 0).config
    assert (config.rl_config.num_envs, config.training_config.clip_grad_norm) == (3, 0.1)
    assert config.optimizer_kwargs.optimizer_name == "AdamW"
    assert load_run(tmp_path, 0).evaluate("test") == trainer.results["test"]


def test_the_first_evaluation_that_reaches_the_target_ends_the_training(tmp_path: Path) -> None:
    rl = {"env_name": f"{HERE}:Forgetful", "target_return": 3.0}  # which each episode gives
    trainer = made(tmp_path, rl=rl, epochs=9)
    trainer.fit()
    assert trainer.state.epoch == 1
    assert "the target 3 is reached" in load_run(tmp_path, 0).status["reason"]
    # Killed between the checkpoint and the end it ends all the same; a higher target lets it go on.
    paths = load_run(tmp_path, 0).paths
    name = paths.checkpoint_names()[-1]
    assert read_state(paths.checkpoint(name).path)["target_return"] == {"last": 3.0}
    again = made(tmp_path, rl=rl)
    again.fit({"rl_config.target_return": 4.0, "epochs": 2}, resume=0)
    assert again.state.epoch == 2


def test_no_split_has_the_episodes_of_another(tmp_path: Path) -> None:
    config = made(tmp_path).config
    seeds = {config.seed, seed_of(config, "validation"), seed_of(config, "test")}
    assert len(seeds) == 3


def test_who_evaluates_aside_decides_which_weights_are_the_best(tmp_path: Path) -> None:
    trainer = made(tmp_path, rl={"evaluator": "async"})
    trainer.check()
    assert any(isinstance(one, AsyncEvaluator) for one in trainer.session.callbacks.in_order)
    assert not trainer.session.callbacks.monitor.metric
    training = trainer.config.training_config
    assert (training.with_validation, training.saving_metric) == (False, "validation/return")


@pytest.mark.slow
def test_a_process_beside_the_training_evaluates_its_checkpoints(tmp_path: Path) -> None:
    trainer = made(tmp_path, rl={"evaluator": "async"})
    score, paths = trainer.fit(), RunPaths(tmp_path / "0")
    rows = read_lines(paths.evaluations)
    assert rows[-1]["step"] == 8  # at its end it is waited for
    assert score == max(row["values"]["validation/return"] for row in rows) > 0
    assert trainer.results["monitor"] == {
        "metric": "validation/return",
        "mode": "max",
        "value": score,
    }
    best, kept = read_weights(paths.best_evaluated), read_weights(paths.weights)
    assert all(torch.equal(best[name], tensor) for name, tensor in kept.items())
    assert trainer.evaluate("validation")["validation/return"] == score


class Varied(Forgetful):
    """Give the same return in each episode, and other observations."""

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        _, *rest = super().step(action)
        return self.np_random.uniform(-1, 1, 2).astype(np.float32), *rest  # type: ignore[return-value]


@pytest.mark.slow
def test_the_best_evaluated_aside_are_read_back_with_their_statistics(tmp_path: Path) -> None:
    rl = {"evaluator": "async", "normalize_observations": True, "env_name": f"{HERE}:Varied"}
    trainer = made(tmp_path, rl=rl)
    trainer.fit({"checkpoint_config.every_epochs": 1, "checkpoint_config.keep_last": 5})
    assert trainer.results["best"]["epoch"] == 1  # of equal returns the first
    best = read_weights(RunPaths(tmp_path / "0").best_evaluated)
    kept = json.loads(RunPaths(tmp_path / "0").normalization.read_text())
    assert kept["shift"] == best["criterion:observation_shift"].ravel().tolist()


def test_further_environments_and_successes_are_evaluated_by_name(tmp_path: Path) -> None:
    rl = {"env_name": f"{HERE}:Forgetful", "eval_envs": {"again": f"{HERE}:Forgetful"}}
    trainer = made(tmp_path, rl=rl, epochs=1)
    trainer.fit()
    assert trainer.metrics["validation/return"] == trainer.metrics["validation/again/return"] == 3
    assert trainer.metrics["validation/success"] == 1.0
    assert trainer.results["test"]["test/again/length"] == 3


def test_an_environment_that_tells_no_state_is_named_where_a_run_goes_on(tmp_path: Path) -> None:
    rl = {"env_name": f"{HERE}:Forgetful"}
    made(tmp_path, rl=rl, callbacks=[Seen(5)]).fit()
    made(tmp_path, rl=rl).fit(resume=0)
    fidelity = load_run(tmp_path, 0).segments[-1]["fidelity"]
    assert "batches" in fidelity["inexact"] and "batches" not in fidelity["exact"]


def test_a_check_steps_no_environment_of_the_training(tmp_path: Path) -> None:
    trainer = made(tmp_path, rl={"env_name": f"{HERE}:Forgetful"})
    trainer.comprehend_config()
    before = Forgetful.steps  # the copies on which a state is proven
    trainer.check()
    assert Forgetful.steps == before


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"rl_config": {"env_name": None}}, "rl_config.env_name=CartPole-v1"),
        ({"rl_config": {"algorithm": "PP0"}}, "did you mean 'PPO'"),
        ({"rl_config": {"algorithm": "collections:OrderedDict"}}, "is not an algorithm"),
        ({"rl_config": {"algorithm_kwargs": {"clipp": 0.1}}}, "did you mean 'clip'"),
        ({"rl_config": {"algorithm_kwargs": {"clip": "wide"}}}, "algorithm_kwargs.clip"),
        ({"rl_config": {"init_steps": 8}}, "learns from what it did itself"),
        ({"rl_config": {"eval_envs": {"x": {"env_nam": "y"}}}}, "did you mean 'env_name'"),
        ({"rl_config": {"eval_envs": {"x": "CartPol-v1"}}}, "did you mean 'CartPole-v1'"),
        ({"rl_config": {"eval_envs": {"x": "Acrobot-v1"}}}, "the policy was trained .*envs.x"),
        (
            {
                "rl_config": {
                    "eval_envs": {"x": {"env_name": f"{HERE}:Forgetful", "env_kwargs": {"a": 1}}}
                }
            },
            "unknown key rl_config.eval_envs.x.env_kwargs.a",
        ),
        ({"rl_config": {"algorithm": "DQN", "algorithm_kwargs": {"capacity": "2XB"}}}, "2GB"),
        ({"rl_config": {"wrappers": [{"max_reward": 1}]}}, r"wrappers\[0\] has no name"),
        ({"rl_config": {"wrappers": [{"name": 3}]}}, r"wrappers\[0\].name cannot be 3"),
        ({"training_config": {"accumulate": 2}}, "accumulate has no meaning"),
        ({"rl_config": {"evaluator": "async", "target_return": 1}}, "ends no training"),
        (
            {"rl_config": {"target_return": 1}, "training_config": {"with_validation": False}},
            "nothing is evaluated",
        ),
        ({"training_config": {"metrics": ["accuracy"]}}, "returns are measured"),
    ],
)
def test_what_means_nothing_is_refused_before_there_is_a_folder(
    tmp_path: Path, config: dict[str, Any], message: str
) -> None:
    rl = {"env_name": "CartPole-v1", **config.pop("rl_config", {})}
    with pytest.raises(UserError, match=message):
        RLTrainer(tmp_path / "w", rl_config=rl, **config).fit()
    assert not (tmp_path / "w").exists()


def test_there_are_no_splits_beside_those_that_are_evaluated(tmp_path: Path) -> None:
    trainer = made(tmp_path, epochs=1)
    with pytest.raises(DataError, match="episodes are no split 'train'"):
        trainer.evaluate("train")
    assert trainer.evaluate("val") == trainer.evaluate("validation")
    with pytest.raises(DataError, match=r"no metrics of episodes \(accuracy\)"):
        trainer.evaluate("test", metrics=["accuracy"])


def test_several_processes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = made(tmp_path)
    monkeypatch.setattr("stride.trainers.rl.kind.world_size", lambda: 2)
    with pytest.raises(ConfigError, match="trains in one process"):
        trainer.check()
