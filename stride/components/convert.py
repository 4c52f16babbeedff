"""Turn a config's value into what a parameter's annotation asks for."""

import json
from collections.abc import Iterator
from functools import lru_cache
from inspect import Parameter
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from stride.components.json_type import json_type, unserializable
from stride.components.keys import annotation_within, unknown_within
from stride.config.json_kinds import ANY, describe, kinds, read, value_kinds
from stride.config.nonfinite import decode_number, decode_numbers
from stride.config.validation_errors import reason
from stride.config.values import Raw, join, plain, show, whole_number
from stride.errors import ConfigError


def convert(value: Any, parameter: Parameter, key: str) -> Any:
    """Return a config's value as the parameter's annotated type.

    Args:
        value: plain JSON, or `Raw` text as typed, which the annotation reads.
        parameter: gives the annotation and the default; a value equal to the default's JSON is
            the default itself, so that what was written into a config can be read again.
        key: the dotted key, for errors.

    Raises:
        ConfigError: the value does not fit, or no value in a config could.
    """
    annotation = parameter.annotation
    wanted = kinds(annotation)
    if not wanted:
        raise _cannot_hold(annotation, key)
    value = plain(_decided(value, annotation, key), key)
    if _is_default(value, parameter):
        return parameter.default
    if wanted == ANY:
        return decode_numbers(value)
    if wanted.isdisjoint(value_kinds(value)):
        raise _wrong_kind(value, annotation, key)
    if unknown := list(unknown_within(value, annotation, key)):
        raise ConfigError.combine(unknown)
    number = decode_number(value) if "number" in wanted else value
    return _validated(number, annotation, key)


def convert_untyped(value: Any, key: str) -> Any:
    """Return a value without an annotation: text is JSON where it parses, else text."""
    return decode_numbers(plain(_decided(value, Any, key), key))


def is_serializable(value: Any) -> bool:
    """Tell whether a default can be written into a config."""
    if value is Parameter.empty:
        return False
    try:
        plain(value)
    except (ConfigError, RecursionError):
        return False
    return True


def _is_default(value: Any, parameter: Parameter) -> bool:
    """Compare as JSON, where true is not 1 and 1 is not 1.0."""
    default = parameter.default
    return is_serializable(default) and json.dumps(value) == json.dumps(plain(default))


def _decided(value: Any, annotation: Any, key: str) -> Any:
    """Read the text in a value, also inside a table whose keys were typed one by one."""
    if isinstance(value, Raw):
        return read(value, annotation, key)
    if isinstance(value, dict):
        return {
            name: _decided(part, annotation_within(annotation, name), join(key, name))
            for name, part in value.items()
        }
    return value


def _validated(value: Any, annotation: Any, key: str) -> Any:
    try:
        adapter = _adapter(annotation)
    except (PydanticUserError, NameError):
        return value  # a table or list of a type of its own, which the constructor will judge
    try:
        return adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        try:
            again = _whole(_with_numbers(value, error))
            return adapter.validate_json(json.dumps(again), strict=True)
        except ValidationError as last:
            raise _refused(last, value, key) from None


def _adapter(annotation: Any) -> TypeAdapter[Any]:
    try:
        return _adapter_once(annotation, repr(annotation))
    except TypeError:  # it has no hash
        return TypeAdapter(json_type(annotation))


@lru_cache(maxsize=64)
def _adapter_once(annotation: Any, text: str) -> TypeAdapter[Any]:
    """Return what validates a type; the text tells apart unions that are equal in any order."""
    return TypeAdapter(json_type(annotation))


def _with_numbers(value: Any, error: ValidationError) -> Any:
    """Return a value with "Infinity" as a number wherever a number was asked for."""
    places = [one["loc"] for one in error.errors(include_url=False) if one["type"] == "float_type"]

    def decoded(part: Any, *place: Any) -> Any:
        if isinstance(part, dict):
            return {name: decoded(inner, *place, name) for name, inner in part.items()}
        if isinstance(part, list):
            return [decoded(inner, *place, n) for n, inner in enumerate(part)]
        return decode_number(part) if place in places else part

    return decoded(value)


def _whole(value: Any) -> Any:
    """Return a value with whole floats in it as ints, as 1e3 typed for an int."""
    if isinstance(value, list):
        return [_whole(part) for part in value]
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    return whole_number(value)


def _refused(error: ValidationError, value: Any, key: str) -> ConfigError:
    detail = error.errors(include_url=False)[0]
    if detail["type"] == "missing":
        place = join(key, str(detail["loc"][-1]))
        return ConfigError(f"{place} is missing in {show(detail['input'])}", key=key)
    place = join(key, *map(str, _place(value, detail["loc"])))
    return ConfigError(f"{place} {reason(detail)}, not {show(detail['input'])}", key=key)


def _place(value: Any, location: tuple[int | str, ...]) -> Iterator[int | str]:
    """Yield the keys and numbers of a location; in it stand names of types too."""
    for part in location:
        held = value.get(part, part) if isinstance(value, dict) else part
        if isinstance(value, list) and isinstance(part, int):
            held = value[part]
        if held is not part:
            value = held
            yield part


def _wrong_kind(value: Any, annotation: Any, key: str) -> ConfigError:
    what = f"{key} must be {describe(kinds(annotation))}, not {show(value)}"
    beyond = unserializable(annotation)
    return ConfigError(what, key=key, hint=f"a config cannot hold a {beyond}" if beyond else "")


def _cannot_hold(annotation: Any, key: str) -> ConfigError:
    what = f"{key} wants a {unserializable(annotation)}, which a config cannot hold"
    hint = "leave it out, or name a function of your own that gives it"
    return ConfigError(what, key=key, hint=hint)
