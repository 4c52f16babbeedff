"""Map type annotations to JSON types, and parse command-line text accordingly."""

from collections import abc
from collections.abc import Iterable
from dataclasses import is_dataclass
from enum import Enum
from inspect import Parameter
from os import PathLike
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NewType,
    TypeVar,
    Union,
    get_args,
    get_origin,
    is_typeddict,
)

from pydantic import BaseModel

from stride.config.nonfinite import decode_number, parse_nonfinite
from stride.config.values import NAMED, Raw, full_name, parse_json
from stride.errors import ConfigError

Kinds = frozenset[str]

WORDS = {
    "integer": ["a whole number"],
    "number": ["a number"],
    "boolean": ["true", "false"],
    "text": ["text"],
    "array": ["a list"],
    "object": ["a table of keys"],
    "null": ["null"],
}
ANY = frozenset(WORDS)
_SCALARS: dict[type, str] = {
    NoneType: "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "text",
}
# The abstract types for which a JSON list stands; a Tensor or a file is iterable too, and is none.
ARRAYS = (abc.Collection, abc.Iterable, abc.MutableSequence, abc.Sequence, abc.Set)


def kinds(annotation: Any) -> Kinds:
    """Return the kinds of JSON that a type takes; none where JSON cannot hold the type.

    A missing annotation takes anything. A tensor is given as the list of its numbers; but
    `float | Tensor` takes a number alone.
    """
    annotation = unwrap(annotation)
    if annotation is Any:
        return ANY
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return frozenset().union(*map(kinds, serializable(get_args(annotation))))
    if is_array(origin or annotation):
        return frozenset({"array", "number", "integer"})
    if origin is Literal:
        return frozenset().union(*map(value_kinds, get_args(annotation)))
    parts = [part for part in get_args(annotation) if part is not ...]
    return _class_kinds(origin or annotation) if all(map(kinds, parts)) else frozenset()


def serializable(options: Iterable[Any]) -> list[Any]:
    """Return those types of a union that JSON can hold: a tensor only where no number is meant."""
    found = [one for one in options if kinds(one)]
    plain = [one for one in found if not is_array(get_origin(unwrap(one)) or unwrap(one))]
    return plain if frozenset().union(*map(kinds, plain)) & {"number", "integer"} else found


def is_array(cls: Any) -> bool:
    """Tell whether a class is that of tensors or of arrays."""
    return full_name(cls) in ("torch.Tensor", "numpy.ndarray")


def unwrap(annotation: Any) -> Any:
    """Return the type meant by a type variable, a NewType, an Annotated or no annotation."""
    if annotation in (Any, object, Parameter.empty):
        return Any
    if isinstance(annotation, TypeVar):
        return unwrap(annotation.__bound__ or Any)
    if isinstance(annotation, NewType):
        return unwrap(annotation.__supertype__)
    if get_origin(annotation) is Annotated:
        return unwrap(get_args(annotation)[0])
    return NoneType if annotation is None else annotation


def value_kinds(value: Any) -> Kinds:
    """Return the kinds that a JSON value counts as: 3 and 3.0 are an integer and a number.

    "Infinity" is text, and the number for which JSON has no other form.
    """
    if isinstance(value, Enum):
        return value_kinds(value.value) | {"text"}
    if isinstance(value, bool):
        return frozenset({"boolean"})
    if isinstance(value, str) and decode_number(value) is not value:
        return frozenset({"number", "text"})
    if isinstance(value, int | float):
        return frozenset({"number", "integer"} if float(value).is_integer() else {"number"})
    return _class_kinds(type(value))


def describe(wanted: Kinds) -> str:
    """Return the kinds in words: "a whole number, text or null"."""
    words = [word for kind, some in WORDS.items() if kind in wanted for word in some]
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def read(raw: Raw, annotation: Any, key: str) -> Any:
    """Return what text typed for a key of the annotated type means.

    A type that takes only text keeps it as typed. For others the text is parsed as JSON; where
    that does not fit and the type takes text too, it is text. `inf` and `nan` are numbers for a
    type that takes those and no text.

    Raises:
        ConfigError: the text is not JSON and the type takes no text.
    """
    text, wanted = str(raw), kinds(annotation)
    try:
        value = parse_json(text)
    except (ValueError, RecursionError):
        if "text" in wanted:
            return text
        if "number" in wanted and (number := parse_nonfinite(text)):
            return number
        raise _not_json(text, wanted, key) from None
    fits = not wanted.isdisjoint(value_kinds(value) - {"text"})
    return text if "text" in wanted and not fits else value


def _not_json(text: str, wanted: Kinds, key: str) -> ConfigError:
    hint = ""
    if "array" in wanted:
        hint = f'a list is typed as JSON: {key}=["a","b"]'
    elif "object" in wanted:
        hint = f'a table is typed as JSON: {key}={{"a":1}}'
    return ConfigError(f"{key} must be {describe(wanted)}, not {text!r}", key=key, hint=hint)


def _class_kinds(cls: Any) -> Kinds:
    if not isinstance(cls, type):
        return frozenset()
    if cls in _SCALARS:
        return frozenset({_SCALARS[cls]})
    if issubclass(cls, Enum):
        return frozenset().union(*map(value_kinds, cls))
    if issubclass(cls, abc.Mapping | BaseModel) or is_dataclass(cls) or is_typeddict(cls):
        return frozenset({"object"})
    if issubclass(cls, PathLike | str) or full_name(cls) in NAMED:
        return frozenset({"text"})
    is_array = cls in ARRAYS or issubclass(cls, list | tuple | set | frozenset)
    return frozenset({"array"}) if is_array else frozenset()
