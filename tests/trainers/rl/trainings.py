"""Small trainings in environments, for the tests of what happens to their runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stride.callbacks.base import Callback
from stride.trainers.rl.trainer import RLTrainer

QUIET = {"terminal_display": "off"}
SMALL: dict[str, dict[str, Any]] = {
    "PPO": {
        "num_envs": 2,
        "rollout_steps": 8,
        "algorithm_kwargs": {"num_passes": 2, "num_minibatches": 2},
    },
    "DQN": {
        "num_envs": 2,
        "rollout_steps": 4,
        "rollouts_per_epoch": 2,
        "init_steps": 8,
        "algorithm_kwargs": {
            "capacity": 24,  # so few that it is written over
            "batch_size": 4,
            "n_step": 2,
            "prioritized": True,
            "target_every": 3,
        },
    },
    "SAC": {
        "num_envs": 2,
        "rollout_steps": 2,
        "rollouts_per_epoch": 2,
        "init_steps": 8,
        "algorithm_kwargs": {"capacity": 12, "batch_size": 4},
    },
}
ENVIRONMENTS = {"PPO": "CartPole-v1", "DQN": "CartPole-v1", "SAC": "Pendulum-v1"}


def made(
    folder: Path,
    algorithm: str = "PPO",
    callbacks: Sequence[Callback] = (),
    *,
    rl: dict[str, Any] | None = None,
    epochs: int = 2,
    **options: Any,
) -> RLTrainer:
    config = {"env_name": ENVIRONMENTS[algorithm], "eval_episodes": 2, "test_episodes": 3}
    training = {"max_epochs": epochs, **options.pop("training_config", {})}
    return RLTrainer(
        folder,
        callbacks=callbacks,
        logging_config=QUIET,
        model_kwargs={"hidden_sizes": [4], **options.pop("model_kwargs", {})},
        rl_config={"algorithm": algorithm, **config, **SMALL[algorithm], **(rl or {})},
        training_config=training,
        **options,
    )


def train(work_dir: str, resume: str | None, algorithm: str, **rl: Any) -> None:
    """Train in a process that is killed: of every second step there is a checkpoint."""
    options = {"checkpoint_config": {"every_steps": 2, "every_epochs": 1, "keep_last": 2}}
    made(Path(work_dir), algorithm, rl=rl, epochs=12, **options).fit(resume=resume)


def train_ppo(work_dir: str, resume: str | None = None) -> None:
    """Train by PPO, or go on."""
    train(work_dir, resume, "PPO")


def train_dqn(work_dir: str, resume: str | None = None) -> None:
    """Train by DQN, or go on."""
    train(work_dir, resume, "DQN")


def train_dqn_in_files(work_dir: str, resume: str | None = None) -> None:
    """Train by DQN with a buffer in files, or go on."""
    arguments = {**SMALL["DQN"]["algorithm_kwargs"], "capacity": 96}
    train(work_dir, resume, "DQN", memmap_buffer=True, algorithm_kwargs=arguments)


def train_sac(work_dir: str, resume: str | None = None) -> None:
    """Train by SAC, or go on."""
    train(work_dir, resume, "SAC")
