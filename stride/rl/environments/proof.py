"""Prove that environments go on from a saved state with the same bits, on copies."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np

from stride.data.seeding import seeded
from stride.engine.checkpoint.fidelity import same
from stride.rl.environments.environments import Environments

_STEPS = 24


def doubt_of(build: Callable[[int], Environments]) -> str:
    """Return why environments cannot be brought back exactly; "" where two of them were alike.

    One is stepped, another, built as a new process would and elsewhere meanwhile, takes its state.
    From there both answer the same actions, also after a reset which the generators decide. The
    global generators are unlike for the two: what draws from them is in doubt.

    Args:
        build: builds few of the environments, by a seed.
    """
    try:
        with seeded(0):
            return _difference(build)
    except Exception as error:
        return f"trying it on copies failed: {type(error).__name__}: {error}"


def _difference(build: Callable[[int], Environments]) -> str:
    one, other = build(1), build(2)
    actions = _actions(one)
    try:
        with seeded(1):
            one.reset()
            _answers(one, actions)
            saved = deepcopy(one.state_dict())
            unsaved = one.unsaved()
            expected = _answers(one, actions)
        with seeded(2):
            other.reset()
            _answers(other, actions[: _STEPS // 2])
            other.load_state_dict(saved)
            restored = same(other.state_dict(), saved)
            found = _answers(other, actions)
    finally:
        one.close()
        other.close()
    if unsaved:
        return f"a state does not hold that {', and that '.join(unsaved)}"
    if not restored:
        return "a copy does not take all of a state"
    return "" if same(expected, found) else "from the same state a copy does not give the same"


def _actions(environments: Environments) -> list[np.ndarray]:
    """Return some actions of all environments, one after the other."""
    generator, spaces = np.random.default_rng(0), environments.spaces
    number = environments.num_envs
    if spaces.num_actions is not None:
        return list(generator.integers(spaces.num_actions, size=(_STEPS, number)))
    low, high = np.nan_to_num([spaces.low, spaces.high], neginf=-1.0, posinf=1.0)
    drawn = generator.uniform(low, high, size=(_STEPS, number, len(low))).astype(np.float32)
    return list(drawn.reshape(_STEPS, number, *spaces.action_shape))


def _answers(environments: Environments, actions: list[np.ndarray]) -> list[Any]:
    """Return all that steps give, before and after new episodes."""
    answers: list[Any] = []
    for number, action in enumerate(actions):
        if number == _STEPS // 2:
            environments.restart()
        answers += [environments.observations.copy(), vars(environments.step(action))]
    return answers
