"""The environments that a config says, to train in and to evaluate in."""

import hashlib
import json

from stride.config.schema import Config
from stride.config.sections.rl import RLConfig
from stride.config.values import plain
from stride.rl.environments import Environments, build_environments
from stride.rl.spaces import Spaces

_OF_DATA = ("env_name", "env_kwargs", "wrappers", "normalize_observations", "normalize_rewards")


def environments_of(config: Config) -> Environments:
    """Build the environments to train in."""
    rl = config.rl_config
    return build_environments(
        str(rl.env_name),
        rl.env_kwargs,
        num_envs=rl.num_envs or 1,
        seed=config.seed,
        wrappers=rl.wrappers,
        vectorization=rl.vectorization,
        normalize_observations=rl.normalize_observations,
        normalize_rewards=rl.normalize_rewards,
        gamma=rl.algorithm_kwargs.get("gamma", 0.99),
    )


def fingerprint(config: RLConfig, spaces: Spaces) -> str:
    """Return a digest of what is acted in: of its name and arguments, and of its spaces."""
    values = {name: plain(getattr(config, name)) for name in _OF_DATA}
    text = json.dumps([values, repr(spaces)], sort_keys=True, default=repr)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
