"""List what functions and classes refer to: closures, defaults, globals, attributes."""

from collections.abc import Iterator
from functools import partial
from types import (
    BuiltinMethodType,
    CodeType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

CALLABLES = (FunctionType, MethodType, BuiltinMethodType, partial)


def callable_references(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what one of `CALLABLES` holds, with the ways to it; globals are not among it.

    Args:
        name: the way to it.
        value: a function, a bound method or a partial; of anything else nothing comes.
    """
    if isinstance(value, FunctionType):
        yield from ((f"{name}.{key}", part) for key, part in _closure(value))
        yield from ((f"{name}.{key}", part) for key, part in _defaults(value))
    elif isinstance(value, MethodType):
        yield from ((name, value.__self__), (name, value.__func__))
    elif isinstance(value, BuiltinMethodType) and not isinstance(value.__self__, ModuleType):
        yield (name, value.__self__)
    elif isinstance(value, partial):
        yield from ((name, value.func), (f"{name}.args", value.args))
        yield (f"{name}.keywords", value.keywords)


def globals_of(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield the globals whose names a function uses, those of its inner functions too."""
    names = dict.fromkeys(names_in(function.__code__))
    yield from ((n, function.__globals__[n]) for n in names if n in function.__globals__)


def names_in(code: CodeType) -> Iterator[str]:
    """Yield the names of globals and attributes that code uses."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from names_in(inner)


def class_attributes(kind: type) -> Iterator[tuple[str, Any]]:
    """Yield what a class itself defines; of a property, static or class method its function."""
    for name, part in vars(kind).items():
        if isinstance(part, MemberDescriptorType):  # of __slots__: each object's own
            continue
        if isinstance(part, property):
            yield name, part.fget
        else:
            yield name, part.__func__ if isinstance(part, (staticmethod, classmethod)) else part


def module_of(function: FunctionType) -> str:
    """Return where a function was written; `functools.wraps` says something else."""
    return str(function.__globals__.get("__name__", function.__module__))


def safe_getattr(value: Any, name: str, default: Any) -> Any:
    """Return an attribute, without code of the user's."""
    try:
        return object.__getattribute__(value, name)
    except (AttributeError, TypeError):
        return default


def _closure(function: FunctionType) -> Iterator[tuple[str, Any]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not filled yet
            continue


def _defaults(function: FunctionType) -> Iterator[tuple[str, Any]]:
    yield from ((f"defaults[{k}]", part) for k, part in enumerate(function.__defaults__ or ()))
    yield from (function.__kwdefaults__ or {}).items()
