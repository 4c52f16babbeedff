"""What is resumed between two updates ends with the bits of what never stopped."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stride.callbacks.base import Callback
from stride.engine.checkpoint.checkpoint import read_state
from stride.errors import UserError
from stride.runs.layout import RunPaths
from stride.runs.run import Run
from stride.trainer.starts.loaded import load_run
from stride.trainers.rl.trainer import RLTrainer
from tests.integration.same_runs import problems_of
from tests.trainers.rl.trainings import made

EVERY = {"every_steps": 1, "keep_last": 1}


class Stop(Callback):
    """Ask for the end after each of some steps."""

    def __init__(self, *steps: int) -> None:
        self.steps = steps

    def after_step(self, trainer: Any, step: Any) -> None:
        if trainer.state.step in self.steps:
            trainer.stop("enough")


def train(folder: Path, algorithm: str, callbacks: Sequence[Callback] = (), **rl: Any) -> RLTrainer:
    options = {"checkpoint_config": {"every_epochs": 1, "keep_last": 1, "keep_best": 1}}
    return made(folder, algorithm, callbacks, rl=rl, **options)


@pytest.mark.parametrize(
    ("algorithm", "steps"), [("PPO", (3, 4, 6)), ("DQN", (5, 8, 13)), ("SAC", (1, 4, 6))]
)
def test_stopped_within_the_updates_of_a_rollout_and_between_two(
    tmp_path: Path, algorithm: str, steps: tuple[int, ...]
) -> None:
    train(tmp_path / "whole", algorithm).fit()
    train(tmp_path / "cut", algorithm, [Stop(steps[0])]).fit()
    for step in steps[1:]:
        train(tmp_path / "cut", algorithm, [Stop(step)]).fit(resume=0)
    train(tmp_path / "cut", algorithm).fit(resume=0)
    problems = problems_of(tmp_path / "cut" / "0", tmp_path / "whole" / "0")
    # Of a stop there is a checkpoint more.
    assert [one for one in problems if not one.startswith("/index/")] == []


def test_normalised_observations_and_rewards_are_put_back_and_go_with_the_weights(
    tmp_path: Path,
) -> None:
    scaled = {"normalize_observations": True, "normalize_rewards": True}
    whole = train(tmp_path / "whole", "PPO", **scaled)
    whole.fit()
    train(tmp_path / "cut", "PPO", [Stop(6)], **scaled).fit()
    train(tmp_path / "cut", "PPO", **scaled).fit(resume=0)
    assert problems_of(tmp_path / "cut" / "0", tmp_path / "whole" / "0") == []
    assert RunPaths(tmp_path / "cut" / "0").normalization.is_file()


def test_a_run_is_evaluated_by_the_statistics_of_its_best_weights(tmp_path: Path) -> None:
    rl = {"env_name": "Pendulum-v1", "normalize_observations": True, "test_episodes": 2}
    trainer = made(tmp_path, rl=rl, training_config={"saving_mode": "min"}, epochs=2)
    trainer.fit()
    best, last = trainer.results["best"], trainer.results["last"]
    assert best["step"] < last["step"]
    evaluated = load_run(tmp_path, 0).evaluate("test")
    assert evaluated == trainer.evaluate("test") == trainer.results["test"]
    with pytest.raises(UserError, match="statistics of 3 numbers"):
        trainer.fit({"rl_config.env_name": "CartPole-v1"}, resume=0)


def test_without_the_buffer_a_run_goes_on_from_the_end_of_an_epoch_and_that_is_told(
    tmp_path: Path,
) -> None:
    train(tmp_path, "DQN", [Stop(12)], save_buffer=False).fit()
    again = train(tmp_path, "DQN", save_buffer=False)
    again.fit(resume=0)
    run = Run(tmp_path / "0")
    segment = run.segments[-1]
    assert segment["from_step"] == 8 and again.state.step == 16
    assert "save_buffer=false" in segment["fidelity"]["inexact"]["batches"]
    name = run.paths.checkpoint_names()[-1]
    assert read_state(run.paths.checkpoint(name).path)["batches"]["storage"] == {}


def test_a_fork_without_the_buffer_begins_the_epoch_over(tmp_path: Path) -> None:
    train(tmp_path, "DQN", [Stop(13)]).fit()
    (fork := train(tmp_path, "DQN")).fork(0, "last", {"rl_config.save_buffer": False})
    assert fork.state.epoch == 2 and fork.state.step == 21
    log = (tmp_path / "1" / "logs" / "rank0.log").read_text()
    assert "starts over: batches" in log
