"""Build environments from what a config says."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from stride.rl.environments.environments import Environments
from stride.rl.environments.forms import Forms
from stride.rl.environments.normalization import Normalization, Scaled, Unscaled
from stride.rl.environments.proof import doubt_of
from stride.rl.environments.sources import find_source
from stride.rl.environments.spaces import first_action, spaces_of
from stride.rl.environments.wrappers import find_wrappings

_TRIED = 2
"""So many environments are enough to prove a state."""


def build_environments(
    env_name: str,
    env_kwargs: Mapping[str, Any] = {},
    *,
    num_envs: int,
    seed: int,
    wrappers: Sequence[str | Mapping[str, Any]] = (),
    vectorization: str = "auto",
    normalize_observations: bool = False,
    normalize_rewards: bool = False,
    gamma: float = 0.99,
    training: bool = True,
    render: bool = False,
) -> Environments:
    """Build environments that are stepped together; they are to be reset before the first step.

    Args:
        env_name: an id of Gymnasium, or an import path `package.module:Name` of a class or function
            that gives a `gymnasium.Env`, or a `gymnasium.vector.VectorEnv` where it takes
            `num_envs`.
        env_kwargs: for its constructor; `max_episode_steps` too, where it is an id.
        num_envs: how many.
        seed: of the episodes.
        wrappers: names of `gymnasium.wrappers` or import paths, or dicts that have one as `name`
            beside its arguments; the innermost first.
        vectorization: `vector` steps all by one object; `sync` one after the other, `async` in a
            process each; `auto` is `vector` for several where there is such an object, else `sync`.
        normalize_observations: scale them by the statistics of those seen.
        normalize_rewards: scale them by the deviation of their discounted sums.
        gamma: discounts those.
        training: whether statistics change, and whether it is proven that a state brings the
            environments back; else they are for evaluation.
        render: whether pictures can be asked for.

    Raises:
        ComponentError: a name stands for nothing, or for something that cannot be trained on.
        ConfigError: an argument is wrong.
        MissingExtra: Gymnasium is not installed.
    """
    source = find_source(env_name, env_kwargs, render=render)
    forms = Forms(source, find_wrappings(wrappers))
    chosen = forms.choose(vectorization, num_envs)

    def build(way: str, number: int, seed: int) -> Environments:
        vector = forms.build(way, number)
        spaces, first = spaces_of(vector.vector, env_name), first_action(vector.vector)
        normalization: Normalization = Unscaled()
        if normalize_observations or normalize_rewards:
            normalization = Scaled(
                spaces.observation_shape,
                number,
                observations=normalize_observations,
                rewards=normalize_rewards,
                gamma=gamma,
                learning=training,
            )
        if normalize_observations:
            spaces = replace(spaces, observation_dtype="float32")
        return Environments(vector, spaces, first, seed, normalization)

    environments = build(chosen, num_envs, seed)
    if training:
        tried = "vector" if chosen == "vector" else "sync"  # in processes it is the same
        environments.doubt = doubt_of(lambda seed: build(tried, _TRIED, seed))
    return environments
