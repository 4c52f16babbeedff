"""Reduce annotations to types that JSON can hold and pydantic can check."""

import json
import sys
from collections.abc import Callable
from enum import Enum
from inspect import formatannotation
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import PlainValidator

from stride.config.json_kinds import ARRAYS, is_array, serializable, unwrap
from stride.config.nonfinite import decode_numbers
from stride.config.values import NAMED, full_name


def union_members(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union; any other annotation is its only member."""
    annotation = unwrap(annotation)
    is_union = get_origin(annotation) in (Union, UnionType)
    return get_args(annotation) if is_union else (annotation,)


def unserializable(annotation: Any) -> str:
    """Return in words the members that JSON cannot hold: "torch.Tensor"."""
    options = union_members(annotation)
    held = serializable(options)
    return " or ".join(formatannotation(one) for one in options if one not in held)


def json_type(annotation: Any) -> Any:
    """Return an annotation as a type for pydantic, without what JSON cannot hold.

    `float | Tensor` becomes `float`, a tensor alone is made of its numbers; `Sequence[int]` becomes
    `list[int]`, so that it can be read more than once; an enum takes its members' values and names.
    """
    if get_origin(annotation) is Annotated:
        inner, *rules = get_args(annotation)
        return Annotated[json_type(inner), *rules]
    annotation = unwrap(annotation)
    if len(union_members(annotation)) > 1:
        return Union[tuple(map(json_type, serializable(union_members(annotation))))]  # noqa: UP007
    if make := _library_constructor(get_origin(annotation) or annotation):
        return Annotated[Any, PlainValidator(make)]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return Annotated[annotation, PlainValidator(lambda value: _member(annotation, value))]
    origin = get_origin(annotation)
    if origin is None:
        return list if annotation in ARRAYS else annotation
    return annotation if origin is Literal else _generic(origin, get_args(annotation))


def _generic(origin: Any, parts: tuple[Any, ...]) -> Any:
    inner = tuple(part if part is ... else json_type(part) for part in parts)
    return (list if origin in ARRAYS else origin)[inner]


def _member(options: type[Enum], value: Any) -> Enum:
    """Return the member with a JSON value, else the one with that name."""
    for member in options:
        if json.dumps(member.value, default=repr) == json.dumps(value):
            return member
    if isinstance(value, str) and value in options.__members__:
        return options[value]
    raise ValueError(f"must be one of {', '.join(options.__members__)}")


def _library_constructor(cls: Any) -> Callable[[Any], Any] | None:
    """Return what makes an object of a library's class from JSON, None for any other class.

    Tensors are of float32, int64 or bool, as `torch.tensor` makes them of a list.
    """
    if not isinstance(cls, type):
        return None
    # It has the class, so it is imported already.
    library: Any = sys.modules.get(cls.__module__.partition(".")[0])
    if is_array(cls):
        make = library.tensor if hasattr(library, "tensor") else library.array
        return lambda value: _made(make, decode_numbers(value))
    if full_name(cls) == "torch.dtype":
        return lambda value: _type_of_numbers(library, value)
    return (lambda value: _made(cls, value)) if full_name(cls) in NAMED else None


def _made(make: Callable[[Any], Any], value: Any) -> Any:
    try:
        return make(value)
    except (TypeError, RuntimeError) as error:
        raise ValueError(str(error).splitlines()[0]) from error


def _type_of_numbers(torch: Any, name: Any) -> Any:
    found = getattr(torch, str(name).removeprefix("torch."), None)
    if not isinstance(found, torch.dtype):
        raise ValueError(f"must be a type of torch, as {torch.float32}")
    return found
