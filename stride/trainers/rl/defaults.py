"""Complete a config by what the algorithm knows, before data and model are built from it."""

from collections.abc import Mapping
from typing import Any

from stride.components import bind, find
from stride.config import Resolved
from stride.config.schema import OPEN_SECTIONS, Config
from stride.config.sections.rl import RLConfig
from stride.errors import ComponentError, ConfigError
from stride.rl.algorithms.algorithm import Algorithm
from stride.trainer.fit.open_sections import values_of

ALGORITHM, KWARGS = "rl_config.algorithm", "rl_config.algorithm_kwargs"
SUPPLIED = ("network", "spaces", "extra")
"""Arguments of an algorithm that the training gives."""

RETURN = {True: "validation/return", False: "rollout/return"}
"""By which metric weights are the best: of evaluations where there are some, whoever makes them."""

_UPDATES = "how many updates there are follows from the rollouts"
_EPISODES = "rl_config.eval_episodes says how much is evaluated"

_WHERE_SILENT: Mapping[str, Any] = {
    "num_envs": 1,
    "rollout_steps": 128,
    "rollouts_per_epoch": 1,
    "init_steps": 0,
}
"""What holds where neither the config nor the algorithm says it."""


def algorithm_class(name: str) -> type[Algorithm]:
    """Return the class of algorithms that a config names.

    Raises:
        ComponentError: there is none of that name, or it is no algorithm.
    """
    found: object = find("algorithm", name)
    if isinstance(found, type) and issubclass(found, Algorithm):
        return found
    what, hint = f"{name} is not an algorithm", "name a class that inherits from Algorithm"
    raise ComponentError(what, where=ALGORITHM, hint=hint)


def completed(resolved: Resolved) -> Resolved:
    """Return the config with what its algorithm says where nothing was typed.

    Raises:
        ConfigError: it names no environment, or what an RL run has no use for.
        ComponentError: there is no such algorithm.
    """
    config = resolved.config
    require_fit(resolved)
    algorithm = algorithm_class(config.rl_config.algorithm)
    arguments = config.rl_config.algorithm_kwargs
    bound = bind(algorithm, arguments, section=KWARGS, supplied=SUPPLIED)
    rollouts = _of_rollouts(config.rl_config, algorithm)
    sections = {"rl_config": {**rollouts, "algorithm_kwargs": bound}}
    for name in ("optimizer_kwargs", "scheduler_kwargs", "training_config"):
        sections[name] = _untyped(resolved, name, algorithm.defaults.get(name, {}))
    sections["training_config"] |= {"metrics": [], **_evaluated(config)}
    if config.model_kwargs.model_name is None:
        own = {"model_name": algorithm.default_network}
        sections["model_kwargs"] = values_of(config.model_kwargs) | own
    return resolved.with_sections({name: one for name, one in sections.items() if one})


def _of_rollouts(config: RLConfig, algorithm: type[Algorithm]) -> dict[str, Any]:
    """Return how rollouts are made: what is null, as the algorithm has it.

    Raises:
        ConfigError: the algorithm learns from its own steps alone, and random ones are asked for.
    """
    own = algorithm.defaults.get("rl_config", {})
    if config.init_steps and "init_steps" not in own:
        key = "rl_config.init_steps"
        what = f"{algorithm.__name__} learns from what it did itself, not from random steps"
        raise ConfigError(what, key=key, where=key, hint=f"leave it out: type {key}=0")
    known = {**_WHERE_SILENT, **own}
    return {name: value for name, value in known.items() if getattr(config, name) is None}


def _untyped(resolved: Resolved, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a section with values where none was typed; of another constructor it takes none."""
    if not values:
        return {}
    typed = OPEN_SECTIONS.get(name)
    field = f"{name}.{typed.name_field}" if typed else ""
    if typed and (resolved.origin(field) != "default" or resolved.config.optimizers):
        return {}
    new = {k: v for k, v in values.items() if resolved.origin(f"{name}.{k}") == "default"}
    return values_of(getattr(resolved.config, name)) | new if typed else new


def _evaluated(config: Config) -> dict[str, Any]:
    """Return by which metric weights are the best, and whether the training evaluates itself."""
    training, aside = config.training_config, config.rl_config.evaluator == "async"
    best = {"saving_metric": RETURN[training.with_validation or aside], "saving_mode": "max"}
    own = best if training.saving_metric is None else {}
    return {**own, "with_validation": False} if aside else own


def require_fit(resolved: Resolved) -> None:
    """Refuse a config without environment, and keys that mean nothing in an RL run.

    Raises:
        ConfigError: names the key, and what to type.
    """
    config, training = resolved.config, resolved.config.training_config
    if config.rl_config.env_name is None:
        key = "rl_config.env_name"
        hint = f"type: {key}=CartPole-v1"
        raise ConfigError("no environment is named", key=key, where=key, hint=hint)
    aside = config.rl_config.evaluator == "async"
    refused = {
        "rl_config.target_return": (
            config.rl_config.target_return is not None and (aside or not training.with_validation),
            "null",
            "another process evaluates, and ends no training" if aside else "nothing is evaluated",
        ),
        "training_config.metrics": (training.metrics or None, "null", "returns are measured"),
        "training_config.accumulate": (training.accumulate > 1, "1", "a step has one batch"),
        "training_config.limit_train_batches": (training.limit_train_batches, "null", _UPDATES),
        "training_config.overfit_batches": (training.overfit_batches, "null", _UPDATES),
        "training_config.evaluate_batches": (training.evaluate_batches, "null", _EPISODES),
    }
    for key, (given, unset, why) in refused.items():
        if given:
            what = f"{key} has no meaning here: {why}"
            raise ConfigError(what, key=key, where=key, hint=f"leave it out: type {key}={unset}")
