"""Check a section's open keys against the constructor that they are for."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from stride.components.convert import convert, decide_freely, holds_json
from stride.components.json_type import unholdable
from stride.components.signature import Parameters, parameters
from stride.config.kinds import kinds
from stride.config.refusals import unknown_key
from stride.config.schema import Config
from stride.errors import ComponentError, ConfigError, StrideError


def bind(
    constructor: Callable[..., Any],
    values: Mapping[str, Any],
    *,
    section: str,
    supplied: Collection[str] = (),
) -> dict[str, Any]:
    """Return the arguments for a constructor, converted to its annotated types.

    Args:
        constructor: a class, function or callable object.
        values: the open keys of a section: plain JSON, or `Raw` text as typed.
        section: the dotted name of the section, for errors.
        supplied: parameters that STRIDE gives itself; they are neither asked for nor taken.

    Returns:
        The values converted, and the defaults of the other parameters where JSON can hold them.

    Raises:
        ConfigError: a key that the constructor does not take, a value that does not fit, or a
            required parameter that is missing.
    """
    accepted = parameters(constructor)
    for name in values:
        _check_name(name, accepted, section, supplied)
    own = {name: one for name, one in accepted.named.items() if name not in supplied}
    bound = {}
    for name, parameter in own.items():
        key = f"{section}.{name}"
        if name in values:
            bound[name] = convert(values[name], parameter, key)
        elif parameter.default is parameter.empty:
            raise _missing(parameter.annotation, key, accepted.label)
        elif holds_json(parameter.default):
            bound[name] = parameter.default
    others = {name: value for name, value in values.items() if name not in own}
    return bound | {name: decide_freely(v, f"{section}.{name}") for name, v in others.items()}


def construct(constructor: Callable[..., Any], *args: Any, section: str, **arguments: Any) -> Any:
    """Call a constructor; a value that it refuses is the user's mistake in that section.

    Raises:
        ComponentError: it raised TypeError or ValueError, which is the cause.
    """
    try:
        return constructor(*args, **arguments)
    except StrideError:
        raise
    except (TypeError, ValueError) as error:
        label = parameters(constructor).label
        what = f"{label} refuses its arguments: {error}"
        raise ComponentError(what, where=section) from error


def _check_name(name: str, accepted: Parameters, section: str, supplied: Collection[str]) -> None:
    key = f"{section}.{name}"
    if name in supplied:
        what = f"{key} is given by STRIDE itself"
        raise ConfigError(what, key=key, hint="leave it out")
    if not accepted.take(name):
        raise unknown_key(key, Config, [one for one in accepted.named if one not in supplied])


def _missing(annotation: Any, key: str, label: str) -> ConfigError:
    if kinds(annotation):
        what = f"{key} is missing: {label} needs it"
        return ConfigError(what, key=key, hint=f"type: --config {key}=...")
    what = f"{label} needs {key}, a {unholdable(annotation)}, which a config cannot hold"
    return ConfigError(what, key=key, hint="name a function of your own that gives it")
