"""Replay buffers in files of the run: resumed exactly, by one writer, or refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stride.callbacks.base import Callback
from stride.engine.checkpoint.checkpoint import read_state
from stride.errors import ComponentError, ConfigError, RunError
from stride.rl.algorithms.algorithm import Storage
from stride.rl.algorithms.dqn import DQN
from stride.runs.run import Run
from stride.runs.verify.run import verify_run
from stride.trainer.starts.loaded import load_run
from stride.trainers.rl.trainer import RLTrainer
from tests.integration.same_runs import problems_of
from tests.trainers.rl.test_exact import Stop, train


class At(Callback):
    """Do something after a step."""

    def __init__(self, step: int, act: Callable[[], object]) -> None:
        self.step, self.act = step, act

    def after_step(self, trainer: Any, step: Any) -> None:
        if trainer.state.step == self.step:
            self.act()


class WithoutFiles(DQN):
    """Have a storage that takes no folder."""

    def build_storage(self, num_envs: int, rollout_steps: int, device: Any) -> Storage:  # type: ignore[override]
        return super().build_storage(num_envs, rollout_steps, device)


def in_files(folder: Path, algorithm: str = "DQN", *callbacks: Callback, **rl: Any) -> RLTrainer:
    return train(folder, algorithm, callbacks, memmap_buffer=True, **rl)


def fail() -> None:
    raise RuntimeError("killed")


def wake(trainer: RLTrainer) -> None:
    """Let a trainer that has lost its run write over all of its files."""
    for _ in range(20):
        trainer.collect_rollouts()


@pytest.mark.parametrize("algorithm", ["DQN", "SAC"])
def test_resumed_with_rows_of_later_steps_in_the_files_it_ends_with_the_same_bits(
    tmp_path: Path, algorithm: str
) -> None:
    in_files(tmp_path / "whole", algorithm).fit()
    with pytest.raises(RuntimeError, match="killed"):  # some updates after its checkpoint
        in_files(tmp_path / "cut", algorithm, At({"DQN": 13, "SAC": 6}[algorithm], fail)).fit()
    in_files(tmp_path / "cut", algorithm).fit(resume=0)
    assert problems_of(tmp_path / "cut" / "0", tmp_path / "whole" / "0") == []
    run = Run(tmp_path / "cut" / "0")
    state = read_state(run.paths.checkpoint(run.paths.checkpoint_names()[-1]).path)
    assert state["batches"]["storage"]["actions"].keys() == {"digests"}
    assert run.segments[-1]["fidelity"]["inexact"] == {}
    assert [path.name for path in run.paths.replay.iterdir()] == ["1"]
    assert verify_run(run.path).ok


def test_who_has_lost_the_run_and_wakes_writes_into_no_file_of_its_successor(
    tmp_path: Path,
) -> None:
    in_files(tmp_path / "whole").fit()
    orphan = in_files(tmp_path / "cut", "DQN", Stop(5))
    orphan.fit()
    in_files(tmp_path / "cut", "DQN", At(7, lambda: wake(orphan)), Stop(11)).fit(resume=0)
    in_files(tmp_path / "cut").fit(resume=0)
    problems = problems_of(tmp_path / "cut" / "0", tmp_path / "whole" / "0")
    assert [one for one in problems if not one.startswith("/index/")] == []


def test_rows_that_are_gone_are_refused_and_without_them_the_run_goes_on_inexactly(
    tmp_path: Path,
) -> None:
    first = in_files(tmp_path, "DQN", Stop(8))
    first.fit()
    wake(first)
    with pytest.raises(RunError, match=r"bin.*save_buffer=false") as refused:
        in_files(tmp_path).fit(resume=0)
    run, empty = Run(tmp_path / "0"), {"rl_config.save_buffer": False}
    assert str(run.paths.replay_of(1)) in str(refused.value)
    assert run.status["state"] == "stopped"  # as before, and nothing is said to be restored
    assert run.segments[-1]["fidelity"]["exact"] == []
    (again := in_files(tmp_path)).fit(empty, resume=0)
    assert again.state.epoch == 2
    assert "save_buffer=false" in run.segments[-1]["fidelity"]["inexact"]["batches"]


def test_a_fork_has_files_of_its_own_and_is_reproduced_from_its_parents_rows(
    tmp_path: Path,
) -> None:
    in_files(tmp_path / "whole").fit()
    in_files(tmp_path / "cut", "DQN", Stop(8)).fit()
    files = sorted((tmp_path / "cut" / "0" / "replay" / "0").iterdir())
    before = [file.read_bytes() for file in files]
    in_files(tmp_path / "cut").fork(0, "last", {"training_config.max_epochs": 2})
    assert [file.read_bytes() for file in files] == before
    forked = Run(tmp_path / "cut" / "1")
    whole = Run(tmp_path / "whole" / "0")
    assert forked.results["last"]["train/epoch_loss"] == whole.results["last"]["train/epoch_loss"]
    assert in_files(tmp_path / "cut").reproduce(1).identical


def test_evaluating_and_checking_need_no_files_and_make_none(tmp_path: Path) -> None:
    trainer = in_files(tmp_path / "w")
    trainer.check()
    assert not (tmp_path / "w").exists()
    trainer.fit()
    run = load_run(tmp_path / "w", 0)
    hidden = run.paths.replay.rename(tmp_path / "hidden")
    assert run.evaluate("test") == trainer.results["test"]
    assert not run.paths.replay.exists()
    assert [one.file for one in verify_run(run.path).problems] == ["replay"]
    hidden.rename(run.paths.replay)
    assert verify_run(run.path).ok


@pytest.mark.parametrize("algorithm", ["PPO", f"{__name__}:WithoutFiles"])
def test_an_algorithm_whose_storage_takes_no_folder_is_refused(
    tmp_path: Path, algorithm: str
) -> None:
    trainer = in_files(tmp_path / "w", algorithm.replace(f"{__name__}:WithoutFiles", "DQN"))
    with pytest.raises(ConfigError, match=r"keeps nothing in files.*memmap_buffer=false"):
        trainer.fit({"rl_config.algorithm": algorithm})
    assert not (tmp_path / "w").exists()


def test_a_capacity_that_is_too_small_is_refused_before_there_is_a_run(tmp_path: Path) -> None:
    with pytest.raises(ComponentError, match="at least 6 steps"):
        in_files(tmp_path / "w", algorithm_kwargs={"capacity": 3, "n_step": 2}).fit()
    assert not (tmp_path / "w").exists()


def test_before_there_is_a_run_steps_are_collected_but_not_stored(tmp_path: Path) -> None:
    trainer = in_files(tmp_path / "w")
    assert trainer.collect_rollouts(add_to_buffer=False).env_steps == 8
    with pytest.raises(ComponentError, match="there is none yet"):
        trainer.collect_rollouts()
