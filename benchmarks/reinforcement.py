"""What a step of an environment costs with all that is learnt from it, on CartPole.

Nobody evaluates meanwhile. All have as many steps, of as many environments, with as many updates
of networks of one size.
"""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.parties import steady
from benchmarks.policy_loops import by_hand
from benchmarks.scale import Scale
from benchmarks.strided import Clock, quiet
from benchmarks.table import Row, ratio_row, row_of
from benchmarks.timing import take_turns
from stride import RLTrainer

BY_HAND_GOAL, PEER_GOAL = 1.3, 1 / 1.5
PEER = "stable_baselines3"

# What Stable-Baselines3 2.9 takes by itself.
AS_PEER: dict[str, dict[str, Any]] = {
    "PPO": {
        "rl_config": {
            "num_envs": 1,
            "rollout_steps": 2048,
            "algorithm_kwargs": {"num_minibatches": 32, "gamma": 0.99, "gae_lambda": 0.95},
        },
        "optimizer_kwargs": {"optimizer_name": "Adam", "lr": 3e-4, "eps": 1e-5},
    },
    "DQN": {
        "rl_config": {
            "num_envs": 1,
            "rollout_steps": 4,
            "rollouts_per_epoch": 2_500,
            "init_steps": 100,
            "algorithm_kwargs": {
                "batch_size": 32,
                "capacity": 1_000_000,
                "updates_per_step": 0.25,
                "target_every": 2_500,
                "epsilon_end": 0.05,
                "epsilon_steps": 2_000,
            },
        },
        "model_kwargs": {"hidden_sizes": [64, 64]},
        "optimizer_kwargs": {"optimizer_name": "Adam", "lr": 1e-4},
        "training_config": {"clip_grad_norm": 10.0},
    },
}


def reinforcement_rows(scale: Scale) -> Iterator[Row]:
    """Yield the rows of PPO beside a loop by hand; of PPO and DQN beside Stable-Baselines3."""
    steady()
    steps, repeats = scale.of(40_960, 2_048), scale.of(5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parties: dict[str, Callable[[], float]] = {
            "stride": partial(_train, folder, steps, "PPO"),
            "by hand": partial(by_hand, steps),
        }
        stride, hand = take_turns(parties, repeats).values()
        what = "PPO, 64 environments / the same in plain PyTorch"
        yield ratio_row("reinforcement", what, stride, hand, BY_HAND_GOAL)
        yield _rate("PPO, 64 environments", stride, steps)
        yield from _beside_peer(folder, scale.of(20_480, 2_048), scale.of(3))


def _beside_peer(folder: Path, steps: int, repeats: int) -> Iterator[Row]:
    there = find_spec(PEER) is not None
    for algorithm, config in AS_PEER.items():
        what = f"{algorithm} as Stable-Baselines3 has it / Stable-Baselines3"
        if not there:
            yield Row("reinforcement", what, goal=PEER_GOAL, missing="not installed")
            continue
        peer = import_module("benchmarks.peer_stable_baselines3")
        parties = {
            "stride": partial(_train, folder, steps, algorithm, **config),
            "peer": partial(peer.train, steps, algorithm),
            "stride's own": partial(_train, folder, steps, algorithm),
        }
        stride, theirs, own = take_turns(parties, repeats).values()
        yield ratio_row("reinforcement", what, stride, theirs, PEER_GOAL)
        what = f"{algorithm} as STRIDE has it / Stable-Baselines3"
        yield ratio_row("reinforcement", what, own, theirs)


def _train(folder: Path, env_steps: int, algorithm: str, **config: Any) -> float:
    """Train; return the CPU seconds from the first step to the end of the last update."""
    clock = Clock()
    rl = {"env_name": "CartPole-v1", "algorithm": algorithm, **config.pop("rl_config", {})}
    limits = {"max_steps": env_steps, "with_validation": False, "with_test": False}
    trainer = RLTrainer(
        folder,
        rl_config=rl,
        training_config=limits | config.pop("training_config", {}),
        logging_config={"terminal_display": "minimal"},
        callbacks=[clock],
        device="cpu",
        **config,
    )
    with quiet():
        trainer.fit()
    return clock.seconds


def _rate(what: str, seconds: list[float], steps: int) -> Row:
    rates = [one / steps * 1e6 for one in seconds]
    return row_of("reinforcement", f"{what}, a step of one", rates, unit="us")
