"""What acts in an evaluation: an algorithm, a function, or chance."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stride.engine.evaluate import evaluation_mode
from stride.errors import ComponentError
from stride.rl.algorithms.algorithm import Algorithm
from stride.rl.spaces import Spaces
from stride.rl.timestep import place_observations

Acts = Callable[[np.ndarray], np.ndarray]
"""Gives actions, (num_envs, ...), for observations, (num_envs, ...)."""

Policy = Algorithm | Callable[[np.ndarray], Any] | None
"""Who is evaluated; None acts by chance."""

LATE = sys.maxsize
"""More steps than any schedule lasts: who explores less and less does so least."""


@contextmanager
def acting(
    policy: Policy, spaces: Spaces, *, seed: int, deterministic: bool, env_steps: int
) -> Iterator[Acts]:
    """Give in the block what acts, without gradients and in evaluation mode.

    Args:
        policy: who acts.
        spaces: of the environments.
        seed: of what is drawn.
        deterministic: whether an algorithm takes the actions that it holds for the best.
        env_steps: after how many steps of its training it acts, where it draws.

    Raises:
        ComponentError: an algorithm acts in other spaces.
    """
    if policy is None:
        yield _by_chance(spaces, seed)
    elif isinstance(policy, Algorithm):
        _require_same(policy.spaces, spaces)
        with evaluation_mode(policy), torch.no_grad():
            yield _by_algorithm(policy, seed, deterministic, env_steps)
    else:
        own = policy
        with torch.no_grad():
            yield lambda observations: _array(own(observations))


def _by_algorithm(algorithm: Algorithm, seed: int, deterministic: bool, env_steps: int) -> Acts:
    device = algorithm.device
    generator = torch.Generator(device).manual_seed(seed)

    def act(observations: np.ndarray) -> np.ndarray:
        placed = place_observations(observations, device)
        if deterministic:
            return _array(algorithm.greedy(placed))
        return _array(algorithm.act(placed, generator, env_steps)["actions"])

    return act


def _by_chance(spaces: Spaces, seed: int) -> Acts:
    """Return what takes each action as likely as any other."""
    draw = np.random.default_rng(seed)
    low, high = spaces.finite_bounds

    def act(observations: np.ndarray) -> np.ndarray:
        count = len(observations)
        if spaces.num_actions is not None:
            return draw.integers(spaces.num_actions, size=count)
        drawn = draw.uniform(low, high, (count, len(low)))
        return drawn.astype(np.float32).reshape(count, *spaces.action_shape)

    return act


def _array(actions: Any) -> np.ndarray:
    return actions.detach().cpu().numpy() if isinstance(actions, Tensor) else np.asarray(actions)


def _require_same(known: Spaces, given: Spaces) -> None:
    """Refuse environments that show or take something else than those of the training."""
    parts = {"observations": "observation_shape", "actions": "action_shape"}
    for what, name in parts.items():
        one, other = getattr(known, name), getattr(given, name)
        if one != other:
            told = f"{what} are of shape {other} here, and of {one} where the policy was trained"
            raise ComponentError(told, hint="evaluate it in environments of the same spaces")
    if known.num_actions != given.num_actions:
        told = (
            f"there are {given.num_actions} actions here, and {known.num_actions} in the training"
        )
        raise ComponentError(told, hint="evaluate it in environments of the same spaces")
