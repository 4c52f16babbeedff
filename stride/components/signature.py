"""The parameters of a constructor, with annotations as types rather than text."""

import inspect
import sys
import typing
from collections import abc
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from inspect import Parameter
from types import FunctionType
from typing import Any, Optional, get_type_hints

from stride.components.convert import is_serializable
from stride.components.identity import is_library_module
from stride.config.json_kinds import kinds

# Many modules import these under TYPE_CHECKING only, out of reach of their own annotations.
_OFTEN_HIDDEN = vars(typing) | {name: getattr(abc, name) for name in abc.__all__}
_BY_NAME = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)


@dataclass(frozen=True)
class Parameters:
    """The parameters of a constructor.

    Attributes:
        label: the constructor's name, for messages.
        named: the parameters that may be given by name, annotations resolved.
        others: whether it takes further names (`**kwargs`, or a signature that cannot be read).
    """

    label: str
    named: dict[str, Parameter]
    others: bool

    def accepts(self, name: str) -> bool:
        """Tell whether a name may be given."""
        return self.others or name in self.named

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """Return the defaults that can stand in a config, and be read again from there."""
        return {name: one.default for name, one in self.named.items() if _can_be_written(one)}


def parameters(constructor: Callable[..., Any]) -> Parameters:
    """Read the signature of a class, function or callable object.

    An annotation that cannot be evaluated counts as none; a default of None lets the parameter be
    None whatever its annotation says. A constructor written in C may have no readable signature:
    it takes anything. What a library defines is read once.
    """
    module = getattr(constructor, "__module__", None) or ""
    if isinstance(constructor, type | FunctionType) and is_library_module(module):
        return _read_once(constructor)
    return _read(constructor)


def _read(constructor: Callable[..., Any]) -> Parameters:
    label = getattr(constructor, "__qualname__", type(constructor).__qualname__)
    try:
        found = inspect.signature(constructor).parameters.values()
    except ValueError:
        return Parameters(label, {}, others=True)
    scope = _scope(constructor)
    named = {one.name: _resolved(one, scope) for one in found if one.kind in _BY_NAME}
    return Parameters(label, named, any(one.kind is Parameter.VAR_KEYWORD for one in found))


_read_once = lru_cache(maxsize=64)(_read)


def _can_be_written(parameter: Parameter) -> bool:
    return is_serializable(parameter.default) and bool(kinds(parameter.annotation))


def _resolved(parameter: Parameter, scope: dict[str, Any]) -> Parameter:
    annotation = _evaluate(parameter.annotation, scope)
    if parameter.default is None and annotation is not Parameter.empty:
        annotation = Optional[annotation]  # noqa: UP045  the annotation may be any object
    return parameter.replace(annotation=annotation)


def _evaluate(annotation: Any, scope: dict[str, Any]) -> Any:
    """Return an annotation with the text in it evaluated, or empty where that fails."""
    if annotation is Parameter.empty:
        return annotation

    def holder() -> None: ...

    holder.__annotations__ = {"value": annotation}
    try:
        return get_type_hints(holder, _OFTEN_HIDDEN | scope, include_extras=True)["value"]
    except Exception:
        # An annotation may run any code of the user's; if it fails it says nothing.
        return Parameter.empty


def _scope(constructor: Any) -> dict[str, Any]:
    """Return the globals in which the annotations of a constructor are to be read."""
    while isinstance(constructor, partial):
        constructor = constructor.func
    if inspect.isclass(constructor):
        own = [getattr(constructor, name) for name in ("__init__", "__new__")]
    else:
        own = [constructor, type(constructor).__call__]
    for function in map(inspect.unwrap, own):
        if hasattr(function, "__globals__"):
            scope: dict[str, Any] = function.__globals__
            return scope
    return dict(vars(sys.modules.get(constructor.__module__, sys)))
