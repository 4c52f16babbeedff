"""What whole episodes give, under the weights of now."""

import numpy as np
import torch

from stride.data.seeding import mix
from stride.rl.algorithms.algorithm import Algorithm
from stride.rl.environments import Environments, Episode, build_environments
from stride.trainer.fit.assembly import Assembly

EVALUATIONS = {"validation": 21, "test": 22}
"""Which of the random streams of a seed the episodes of a split are drawn from."""


def evaluate_policy(assembly: Assembly, split: str) -> dict[str, float]:
    config = assembly.config
    rl, algorithm = config.rl_config, assembly.model
    assert isinstance(algorithm, Algorithm)
    episodes = rl.eval_episodes if split == "validation" else rl.test_episodes
    seed = mix(EVALUATIONS[split], config.seed) % 2**31
    environments = build_environments(
        str(rl.env_name),
        rl.env_kwargs,
        num_envs=min(episodes, 32),
        seed=seed,
        wrappers=rl.wrappers,
        vectorization=rl.vectorization,
        training=False,
    )
    found = _play(environments, algorithm, episodes)
    totals = np.array([one.total for one in found])
    return {
        f"{split}/return": float(totals.mean()),
        f"{split}/return_std": float(totals.std()),
        f"{split}/return_min": float(totals.min()),
        f"{split}/return_max": float(totals.max()),
        f"{split}/length": float(np.mean([one.length for one in found])),
    }


def _play(environments: Environments, algorithm: Algorithm, episodes: int) -> list[Episode]:
    count = environments.num_envs
    left = [episodes // count + (n < episodes % count) for n in range(count)]
    environments.reset()
    found: list[Episode] = []
    algorithm.eval()
    with torch.no_grad():
        while any(left):
            observed = torch.from_numpy(environments.observations).to(algorithm.device)
            environments.step(algorithm.greedy(observed).cpu().numpy())
            for one in environments.take_episodes():
                if left[one.env]:
                    left[one.env] -= 1
                    found.append(one)
    environments.close()
    return found
