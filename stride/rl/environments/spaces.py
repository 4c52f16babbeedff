"""Say in our terms what the spaces of environments are; flatten those that are made of parts."""

from typing import Any

import numpy as np

from stride.components.bind import construct
from stride.errors import ComponentError
from stride.rl.environments.refusals import KEY
from stride.rl.spaces import Spaces


def spaces_of(vector: Any, label: str) -> Spaces:
    """Describe the spaces of one environment of several.

    Args:
        vector: of Gymnasium; its observations are arrays.
        label: what the environment is called.

    Raises:
        ComponentError: actions are neither one of several nor an array of numbers.
    """
    from gymnasium.spaces import Box, Discrete

    observation, action = vector.single_observation_space, vector.single_action_space
    shape, dtype = observation.shape, np.dtype(observation.dtype).name
    if isinstance(action, Discrete):
        return Spaces(shape, dtype, (), num_actions=int(action.n))
    if not isinstance(action, Box):
        raise _refused(label, "actions", action)
    low, high = (tuple(map(float, one.ravel())) for one in (action.low, action.high))
    return Spaces(shape, dtype, action.shape, low=low, high=high)


def first_action(vector: Any) -> int:
    """Return the number of the first of several actions: 0, but for some."""
    return int(getattr(vector.single_action_space, "start", 0))


def flat(env: Any, label: str) -> Any:
    """Return one environment, wrapped so that its observations are an array.

    Those made of parts, as dicts, and those that are one of several become float32 in a row, one of
    several as zeros and a one.

    Raises:
        ComponentError: they have no fixed number of parts.
    """
    from gymnasium import wrappers

    if not _is_to_flatten(env.observation_space, label):
        return env
    env = wrappers.FlattenObservation(env)
    return wrappers.TransformObservation(env, _as_float32, _float32(env.observation_space))


def flat_together(vector: Any, label: str) -> Any:
    """Return a vector environment, wrapped likewise.

    Raises:
        ComponentError: they have no fixed number of parts, or Gymnasium cannot wrap the vector.
    """
    from gymnasium.wrappers import vector as wrappers

    if not _is_to_flatten(vector.single_observation_space, label):
        return vector
    vector = construct(wrappers.FlattenObservation, vector, section=KEY)
    spaces = map(_float32, (vector.observation_space, vector.single_observation_space))
    return wrappers.TransformObservation(vector, _as_float32, *spaces)


def _is_to_flatten(space: Any, label: str) -> bool:
    from gymnasium.spaces import Box

    if not isinstance(space, Box) and not space.is_np_flattenable:
        raise _refused(label, "observations", space)
    return not isinstance(space, Box)


def _as_float32(observations: np.ndarray) -> np.ndarray:
    return observations.astype(np.float32)


def _float32(space: Any) -> Any:
    from gymnasium.spaces import Box

    return Box(space.low.astype(np.float32), space.high.astype(np.float32), dtype=np.float32)


def _refused(label: str, what: str, space: Any) -> ComponentError:
    hint = """make them arrays by a wrapper: rl_config.wrappers='["my_module:MyWrapper"]'"""
    kind = type(space).__name__
    return ComponentError(f"the {what} of {label} are of the space {kind}", where=KEY, hint=hint)
