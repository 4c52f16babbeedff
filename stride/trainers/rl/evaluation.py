"""What whole episodes give, under the weights of now."""

from collections.abc import Iterator
from typing import cast

from stride.config.schema import Config
from stride.data.seeding import mix
from stride.errors import ComponentError, UserError
from stride.rl.algorithms.algorithm import Algorithm
from stride.rl.environments.source import KWARGS
from stride.rl.evaluation import Evaluator
from stride.trainer.fit.assembly import Assembly
from stride.trainers.rl.statistics import statistics_of

_STREAMS = {"validation": 21, "test": 22}
"""From which of the random streams of a seed the episodes of a split are drawn."""


def evaluate_policy(assembly: Assembly, split: str) -> dict[str, float]:
    """Return what the episodes of a split gave, in each environment that is named."""
    algorithm = cast(Algorithm, assembly.model)
    values: dict[str, float] = {}
    for prefix, evaluator in evaluators(assembly, split):
        values |= evaluator.evaluate(algorithm).values(prefix)
    return values


def require_playable(assembly: Assembly) -> None:
    """Refuse further environments of `rl_config.eval_envs` in which the policy cannot act.

    Raises:
        ComponentError: names the environment's key.
    """
    _, *further = evaluators(assembly, "validation")
    for prefix, evaluator in further:
        key = f"rl_config.eval_envs.{prefix.partition('/')[2]}"
        try:
            evaluator.require_playable(cast(Algorithm, assembly.model))
        except UserError as error:
            what = error.what.replace(KWARGS, f"{key}.env_kwargs")
            raise ComponentError(what, where=key, hint=error.hint) from error


def evaluators(assembly: Assembly, split: str) -> Iterator[tuple[str, Evaluator]]:
    """Yield the prefix of its values and an evaluator of each environment."""
    config, rl = assembly.config, assembly.config.rl_config
    named = {"": (rl.env_name or "", rl.env_kwargs)}
    named |= {f"/{name}": (one.env_name, one.env_kwargs) for name, one in rl.eval_envs.items()}
    for name, (env_name, env_kwargs) in named.items():
        yield (
            split + name,
            Evaluator(
                env_name,
                env_kwargs,
                episodes=rl.eval_episodes if split == "validation" else rl.test_episodes,
                seed=seed_of(config, split),
                deterministic=rl.deterministic_evaluation,
                wrappers=rl.wrappers,
                normalization=statistics_of(assembly.model.state_dict()),
                vectorization=rl.vectorization,
            ),
        )


def seed_of(config: Config, split: str) -> int:
    """Return the seed of a split's episodes: none is that of another, or of the training."""
    return mix(_STREAMS[split], config.seed) >> 1
