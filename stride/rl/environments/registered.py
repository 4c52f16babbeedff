"""Environments that Gymnasium knows by an id."""

from collections.abc import Callable, Mapping
from typing import Any, final

from stride.components.bind import construct
from stride.components.imports import load
from stride.errors import ComponentError, ConfigError, nearest
from stride.rl.environments.refusals import KEY, as_user_errors
from stride.rl.environments.source import KWARGS, Source, bound_arguments

LIMIT = "max_episode_steps"
_OURS = "stride.rl.environments.classic_control"
OURS: Mapping[str, str] = {
    "Acrobot-v1": f"{_OURS}.acrobot:AcrobotVectorEnv",
    "MountainCar-v0": f"{_OURS}.mountain_car:MountainCarVectorEnv",
    "MountainCarContinuous-v0": f"{_OURS}.mountain_car:MountainCarContinuousVectorEnv",
    "Pendulum-v1": f"{_OURS}.pendulum:PendulumVectorEnv",
}
"""id -> our vector environment, which gives what Gymnasium's own gives, many at once."""


@final
class RegisteredEnv:
    """An environment by its id.

    Args:
        name: the id.
        kwargs: for its constructor, and the limit of steps.
        render: whether it is to be drawn, as arrays.

    Raises:
        ComponentError: nothing has the id, or a package is missing.
        ConfigError: the constructor does not take the arguments.
    """

    def __init__(self, name: str, kwargs: Mapping[str, Any], *, render: bool) -> None:
        import gymnasium

        spec = gymnasium.registry.get(name)
        if spec is None:
            raise _unknown(name)
        self._name, self._spec = name, spec
        own = {key: value for key, value in kwargs.items() if key != LIMIT}
        constructor = _entry(spec, name)
        module = getattr(constructor, "__module__", "")
        self._is_ours = name in OURS and module.startswith("gymnasium.")
        if self._is_ours:  # which says the types of its arguments
            constructor = load(OURS[name], own=False)
        supplied = {LIMIT, *spec.kwargs} - {*own}
        self._arguments = bound_arguments(constructor, own, supplied)
        self._arguments |= {LIMIT: _limit(kwargs[LIMIT])} if LIMIT in kwargs else {}
        self._arguments |= {"render_mode": "rgb_array"} if render else {}

    def source(self) -> Source:
        """Return what builds it."""
        spec = self._spec
        if self._is_ours:
            return Source(self._name, self._single, self._ours)
        has_vector = spec.vector_entry_point and not spec.additional_wrappers
        single = self._single if spec.entry_point else None
        return Source(self._name, single, self._vector if has_vector else None)

    def _single(self) -> Any:
        import gymnasium

        with as_user_errors(f"{self._name} cannot be made"):
            return construct(gymnasium.make, self._name, section=KWARGS, **self._arguments)

    def _vector(self, num_envs: int) -> Any:
        import gymnasium

        way = {"num_envs": num_envs, "vectorization_mode": "vector_entry_point"} | self._arguments
        with as_user_errors(f"{self._name} cannot be made"):
            return construct(gymnasium.make_vec, self._name, section=KWARGS, **way)

    def _ours(self, num_envs: int) -> Any:
        limit = {LIMIT: self._spec.max_episode_steps} | self._arguments
        return load(OURS[self._name], own=False)(num_envs, **limit)


def _entry(spec: Any, name: str) -> Callable[..., Any]:
    """Return what Gymnasium calls to make an environment."""
    from gymnasium.envs.registration import load_env_creator

    point: Any = spec.entry_point or spec.vector_entry_point
    with as_user_errors(f"{name} cannot be made"):
        entry: Callable[..., Any] = point if callable(point) else load_env_creator(point)
    return entry


def _limit(value: Any) -> int:
    """Return after how many steps an episode is cut off."""
    if type(value) is not int or value < 1:
        key = f"{KWARGS}.{LIMIT}"
        raise ConfigError(f"{key} cannot be {value!r}", key=key, hint="give 1 or more steps")
    return value


def _unknown(name: str) -> ComponentError:
    import gymnasium

    known = [one for one in gymnasium.registry if "/" not in one or "/" in name]
    versions = [one for one in known if one.rpartition("-v")[0].lower() == name.lower()]
    hint = nearest(versions[-1], versions) if versions else nearest(name, known)
    way = "or give an import path of a class or function that makes it: my_module:MyEnv"
    what = f"Gymnasium knows no environment {name!r}"
    return ComponentError(what, where=KEY, hint=f"{hint} {way}" if hint else way[3:])
