"""Find what the name of an environment stands for, and in which ways it can be built."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from stride.components.bind import bind, construct
from stride.components.find import find
from stride.components.imports import load
from stride.components.signature import parameters
from stride.config.import_paths import is_import_path
from stride.errors import ComponentError, MissingExtra, nearest
from stride.rl.environments.refusals import KEY, as_user_errors

KWARGS, LIMIT = "rl_config.env_kwargs", "max_episode_steps"
_OURS = "stride.rl.environments.classic_control"
OURS: Mapping[str, str] = {
    "Acrobot-v1": f"{_OURS}.acrobot:AcrobotVectorEnv",
    "MountainCar-v0": f"{_OURS}.mountain_car:MountainCarVectorEnv",
    "MountainCarContinuous-v0": f"{_OURS}.mountain_car:MountainCarContinuousVectorEnv",
    "Pendulum-v1": f"{_OURS}.pendulum:PendulumVectorEnv",
}
"""id -> our vector environment, which gives what Gymnasium's own gives, many at once."""


@dataclass(frozen=True)
class Source:
    """What an environment is built from.

    Attributes:
        label: what it is called.
        single: builds one environment, where it can.
        together: builds one object that steps so many, where it can.
    """

    label: str
    single: Callable[[], Any] | None = None
    together: Callable[[int], Any] | None = None


def find_source(name: str, kwargs: Mapping[str, Any], *, render: bool) -> Source:
    """Return what a name stands for.

    Args:
        name: an id of Gymnasium, or an import path of a class or function that gives a
            `gymnasium.Env`, or, given `num_envs`, a `gymnasium.vector.VectorEnv`.
        kwargs: for its constructor.
        render: whether it is to be drawn, as arrays.

    Raises:
        ComponentError: nothing has the name.
        ConfigError: the constructor does not take the arguments.
        MissingExtra: Gymnasium is not installed.
    """
    try:
        import gymnasium  # noqa: F401
    except ModuleNotFoundError:
        raise MissingExtra("gymnasium", "rl", where=KEY) from None
    if is_import_path(name):
        return _own(name, kwargs, render)
    if ":" in name:
        what = f"{name!r} would import a module so that it registers environments"
        hint = "give a function of your own that makes it: rl_config.env_name=my_module:make_env"
        raise ComponentError(what, where=KEY, hint=hint)
    return _registered(name, kwargs, render)


def _registered(name: str, kwargs: Mapping[str, Any], render: bool) -> Source:
    """Return an environment that Gymnasium knows."""
    import gymnasium

    spec = gymnasium.registry.get(name)
    if spec is None:
        raise _unknown(name)
    own = {key: value for key, value in kwargs.items() if key != LIMIT}
    with as_user_errors(f"{name} cannot be made"):
        constructor = _constructor(spec.entry_point)
        made = _bound(constructor, own, supplied={*spec.kwargs} - {*own})
    made |= {LIMIT: kwargs[LIMIT]} if LIMIT in kwargs else {}
    made |= {"render_mode": "rgb_array"} if render else {}

    def single() -> Any:
        with as_user_errors(f"{name} cannot be made"):
            return gymnasium.make(name, **made)

    def together(num_envs: int) -> Any:
        with as_user_errors(f"{name} cannot be made"):
            if name in OURS:
                limit = {LIMIT: spec.max_episode_steps} | made
                return load(OURS[name], own=False)(num_envs, **limit)
            return gymnasium.make_vec(name, num_envs, "vector_entry_point", **made)

    has_vector = name in OURS or (spec.vector_entry_point and not spec.additional_wrappers)
    return Source(name, single, together if has_vector else None)


def _constructor(entry_point: Any) -> Callable[..., Any]:
    """Return what Gymnasium calls, of an installed package that registered itself."""
    from gymnasium.envs.registration import load_env_creator

    made: Callable[..., Any] = (
        entry_point if callable(entry_point) else load_env_creator(entry_point)
    )
    return made


def _unknown(name: str) -> ComponentError:
    import gymnasium

    known = [one for one in gymnasium.registry if "/" not in one or "/" in name]
    versions = [one for one in known if one.rpartition("-v")[0].lower() == name.lower()]
    hint = nearest(versions[-1], versions) if versions else nearest(name, known)
    way = "or give an import path of a class or function that makes it: my_module:MyEnv"
    what = f"Gymnasium knows no environment {name!r}"
    return ComponentError(what, where=KEY, hint=f"{hint} {way}" if hint else way[3:])


def _own(name: str, kwargs: Mapping[str, Any], render: bool) -> Source:
    """Return what an import path gives: an environment, or a vector of them."""
    constructor = find("gymnasium environment", name)
    named = parameters(constructor).named
    made = _bound(constructor, kwargs, supplied=("num_envs", "render_mode"))
    made |= {"render_mode": "rgb_array"} if render and "render_mode" in named else {}

    def single() -> Any:
        return _checked(construct(constructor, section=KWARGS, **made), name)

    def together(num_envs: int) -> Any:
        found = construct(constructor, section=KWARGS, num_envs=num_envs, **made)
        return _checked_vector(found, num_envs, name)

    return Source(name, together=together) if "num_envs" in named else Source(name, single)


def _bound(
    constructor: Callable[..., Any], kwargs: Mapping[str, Any], supplied: Collection[str]
) -> dict[str, Any]:
    """Return the arguments that were given, converted; others keep their defaults."""
    supplied = {"num_envs", "render_mode", *supplied}
    bound = bind(constructor, kwargs, section=KWARGS, supplied=supplied)
    return {key: bound[key] for key in kwargs}


def _checked(found: Any, name: str) -> Any:
    import gymnasium

    if not isinstance(found, gymnasium.Env):
        what = f"{name} gives a {type(found).__name__}, not a gymnasium.Env"
        hint = "for a gymnasium.vector.VectorEnv it needs a parameter num_envs"
        raise ComponentError(what, where=KEY, hint=hint)
    return found


def _checked_vector(found: Any, num_envs: int, name: str) -> Any:
    from gymnasium.vector import VectorEnv

    if not isinstance(found, VectorEnv):
        what = f"{name} gives a {type(found).__name__}, not a gymnasium.vector.VectorEnv"
        raise ComponentError(what, where=KEY, hint="one environment needs no parameter num_envs")
    if found.num_envs != num_envs:
        what = f"{name} gives {found.num_envs} environments where num_envs={num_envs} was asked"
        raise ComponentError(what, where=KEY)
    return found
