"""Check a section's open keys against the constructor that they are for."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from stride.components.convert import convert, convert_untyped
from stride.components.json_type import unserializable
from stride.components.signature import Parameters, parameters
from stride.config.json_kinds import kinds
from stride.config.schema import Config
from stride.config.validation_errors import unknown_key
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
        the values converted, and the defaults of the other parameters where JSON can hold them.

    Raises:
        ConfigError: keys that the constructor does not take, values that do not fit, or required
            parameters that are missing.
    """
    accepted = parameters(constructor)
    bound, wrong = _given(accepted, values, section, supplied)
    own = {name: one for name, one in accepted.named.items() if name not in supplied}
    left = {name: one for name, one in own.items() if name not in values}
    if not wrong:  # a mistyped key may be the missing one
        asked = {name: one for name, one in left.items() if one.default is one.empty}
        label = accepted.label
        wrong = [_missing(one.annotation, f"{section}.{n}", label) for n, one in asked.items()]
    if wrong:
        raise ConfigError.combine(wrong)
    defaults = {name: value for name, value in accepted.defaults.items() if name in left}
    all_own = {name: (bound | defaults)[name] for name in own if name in bound or name in defaults}
    return all_own | {name: value for name, value in bound.items() if name not in own}


def binding_errors(
    constructor: Callable[..., Any],
    values: Mapping[str, Any],
    *,
    section: str,
    supplied: Collection[str] = (),
) -> list[ConfigError]:
    """Return what `bind` would refuse of the values given; nothing is said of those missing."""
    return _given(parameters(constructor), values, section, supplied)[1]


def construct(constructor: Callable[..., Any], *args: Any, section: str, **arguments: Any) -> Any:
    """Call a constructor; a value that it refuses is the user's mistake in that section.

    Raises:
        ComponentError: it raised TypeError or ValueError, which is the cause; or AttributeError,
            where it may have been given a list for a tensor.
    """
    try:
        return constructor(*args, **arguments)
    except StrideError:
        raise
    except (TypeError, ValueError, AttributeError) as error:
        accepted = parameters(constructor)
        hint = _of_lists(accepted, arguments)
        if isinstance(error, AttributeError) and not hint:  # a mistake in the constructor
            raise
        what = f"{accepted.label} refuses its arguments: {error}"
        raise ComponentError(what, where=section, hint=hint) from error


def _of_lists(accepted: Parameters, arguments: Mapping[str, Any]) -> str:
    """Return what to write where a list may have been meant as a tensor."""
    unsaid = [n for n, one in accepted.named.items() if one.annotation is one.empty]
    lists = [name for name in unsaid if isinstance(arguments.get(name), list)]
    return f"if {lists[0]} is to be a tensor, annotate it: {lists[0]}: Tensor" if lists else ""


def _given(
    accepted: Parameters, values: Mapping[str, Any], section: str, supplied: Collection[str]
) -> tuple[dict[str, Any], list[ConfigError]]:
    """Return the values converted, and an error for each key or value that is wrong."""
    bound: dict[str, Any] = {}
    wrong: list[ConfigError] = []
    for name, value in values.items():
        key = f"{section}.{name}"
        try:
            _check_name(name, accepted, section, supplied)
            one = accepted.named.get(name)
            bound[name] = convert_untyped(value, key) if one is None else convert(value, one, key)
        except ConfigError as error:
            wrong.append(error)
    return bound, wrong


def _check_name(name: str, accepted: Parameters, section: str, supplied: Collection[str]) -> None:
    key = f"{section}.{name}"
    if name in supplied:
        what = f"{key} is given by STRIDE itself"
        raise ConfigError(what, key=key, hint="leave it out")
    if not accepted.accepts(name):
        raise unknown_key(key, Config, [one for one in accepted.named if one not in supplied])


def _missing(annotation: Any, key: str, label: str) -> ConfigError:
    if kinds(annotation):
        what = f"{key} is missing: {label} needs it"
        return ConfigError(what, key=key, hint=f"type: {key}=...")
    what = f"{label} needs {key}, a {unserializable(annotation)}, which a config cannot hold"
    return ConfigError(what, key=key, hint="name a function of your own that gives it")
