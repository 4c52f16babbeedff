"""Wrap environments by what the config names: Gymnasium's wrappers, or one's own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from stride.components.bind import bind, construct
from stride.components.find import find
from stride.errors import ComponentError, ConfigError, nearest

KEY = "rl_config.wrappers"


@dataclass(frozen=True)
class Wrapping:
    """One wrapper with its arguments.

    Attributes:
        label: the name that was given.
        place: the key of the config.
        kwargs: beside the environment.
        single: wraps one environment, where it can.
        together: wraps a vector environment, where it can.
    """

    label: str
    place: str
    kwargs: Mapping[str, Any]
    single: Callable[..., Any] | None
    together: Callable[..., Any] | None


def find_wrappings(named: Sequence[str | Mapping[str, Any]]) -> list[Wrapping]:
    """Return wrappers, the innermost first.

    Args:
        named: the name of a class of `gymnasium.wrappers` or an import path, or a dict that has
            it as `name` beside the arguments.

    Raises:
        ComponentError: nothing has the name.
        ConfigError: it does not take the arguments.
    """
    return [_wrapping(one, f"{KEY}[{number}]") for number, one in enumerate(named)]


def _wrapping(named: str | Mapping[str, Any], place: str) -> Wrapping:
    kwargs = {"name": named} if isinstance(named, str) else dict(named)
    name = _name(kwargs.pop("name", None), place)
    single, together = _own(name) if ":" in name else _gymnasiums(name, place)
    for form in filter(None, (single, together)):
        bound = bind(form, kwargs, section=place, supplied=("env",))
        kwargs = {key: bound[key] for key in kwargs}
    return Wrapping(name, place, kwargs, single, together)


def _name(given: Any, place: str) -> str:
    if isinstance(given, str) and given:
        return given
    hint = 'type {"name": "ClipReward", "max_reward": 1.0}'
    what = f"{place} has no name" if given in (None, "") else f"{place}.name cannot be {given!r}"
    raise ConfigError(what, key=place, where=place, hint=hint)


def _gymnasiums(name: str, place: str) -> tuple[Any, Any]:
    from gymnasium import wrappers

    known = [one for one in wrappers.__all__ if one != "vector"]
    together = [one for one in wrappers.vector.__all__]
    if name not in {*known, *together}:
        way = "or give an import path of a class or function: my_module:MyWrapper"
        hint = " ".join(filter(None, (nearest(name, known), way)))
        raise ComponentError(f"gymnasium.wrappers has no {name!r}", where=place, hint=hint)
    return (
        getattr(wrappers, name) if name in known else None,
        getattr(wrappers.vector, name) if name in together else None,
    )


def _own(name: str) -> tuple[Any, Any]:
    from gymnasium.vector import VectorEnv

    found: Any = find("gymnasium wrapper", name)
    if isinstance(found, type) and issubclass(found, VectorEnv):
        return None, found
    return found, None


def wrap(env: Any, wrappings: Sequence[Wrapping]) -> Any:
    """Return one environment in its wrappers."""
    return reduce(lambda inner, one: _wrapped(one.single, inner, one), wrappings, env)


def wrap_together(vector: Any, wrappings: Sequence[Wrapping]) -> Any:
    """Return a vector environment in its wrappers."""
    return reduce(lambda inner, one: _wrapped(one.together, inner, one), wrappings, vector)


def _wrapped(form: Any, inner: Any, wrapping: Wrapping) -> Any:
    return construct(form, inner, section=wrapping.place, **wrapping.kwargs)
