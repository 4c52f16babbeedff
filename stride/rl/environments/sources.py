"""Find what the name of an environment stands for."""

from collections.abc import Mapping
from typing import Any

from stride.components.bind import construct
from stride.components.find import find
from stride.components.signature import parameters
from stride.config.import_paths import is_import_path
from stride.errors import ComponentError, MissingExtra
from stride.rl.environments.refusals import KEY
from stride.rl.environments.registered import RegisteredEnv
from stride.rl.environments.source import KWARGS, Source, bound_arguments


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
    return RegisteredEnv(name, kwargs, render=render).source()


def _own(name: str, kwargs: Mapping[str, Any], render: bool) -> Source:
    """Return what an import path gives: an environment, or a vector of them."""
    constructor = find("gymnasium environment", name)
    named = parameters(constructor).named
    made = bound_arguments(constructor, kwargs)
    made |= {"render_mode": "rgb_array"} if render and "render_mode" in named else {}

    def single() -> Any:
        return _checked(construct(constructor, section=KWARGS, **made), name)

    def together(num_envs: int) -> Any:
        found = construct(constructor, section=KWARGS, num_envs=num_envs, **made)
        return _checked_vector(found, num_envs, name)

    return Source(name, together=together) if "num_envs" in named else Source(name, single)


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
