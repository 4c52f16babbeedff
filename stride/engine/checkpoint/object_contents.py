"""Say what a user's object holds and refers to that a training may change."""

import functools
from argparse import Namespace
from array import array
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import count
from pathlib import PurePath
from types import BuiltinMethodType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import Dataset

from stride.components.identity import is_library_module, is_user_module
from stride.data.references import (
    CALLABLES,
    callable_references,
    class_attributes,
    globals_of,
    module_of,
    names_in,
    safe_getattr,
)
from stride.models.model import Model

VALUES = (
    *(bool, int, float, complex, str, bytes, type(None), np.generic, Enum, range, slice, count),
    *(torch.dtype, torch.device, torch.Size, date, timedelta, Decimal, Fraction, PurePath),
    *(bytearray, array),
)
CONTAINERS = (Mapping, list, tuple, AbstractSet, deque)
NUMBERS = (Tensor, np.ndarray)
CODE = (FunctionType, BuiltinMethodType, type)
_CLOSED = (*VALUES, *CONTAINERS, *NUMBERS, ModuleType)
_PLAIN = (Dataset, Namespace, SimpleNamespace)  # hold what their users put there
_OF_A_MODULE = frozenset(vars(nn.Module()))
_OF_A_MODEL = frozenset(vars(Model(nn.Identity(), nn.Identity())))
_TRAINERS = "stride.trainer"  # nor what a kind of training adds; it is no part of what it trains
_HOOKS: Mapping[type, tuple[str, ...]] = {
    nn.Module: ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"),
    Optimizer: ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks"),
    Tensor: ("_backward_hooks", "_post_accumulate_grad_hooks"),
}


def is_open(value: Any) -> bool:
    """Tell whether to look into an object: one of a user's own class, a function, a dataset."""
    if isinstance(value, CALLABLES):
        return True
    if isinstance(value, type):
        return is_user_module(value.__module__) and not issubclass(value, Enum)
    if isinstance(value, _CLOSED):
        return False
    if any(kind.__module__.startswith(_TRAINERS) for kind in type(value).__mro__):
        return False
    held = hasattr(type(value), "__slots__") or safe_getattr(value, "__dict__", None) is not None
    return held and (not is_library_module(type(value).__module__) or isinstance(value, _PLAIN))


def attributes(thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield what an object itself holds, but for what is its library's or made again by it."""
    if isinstance(thing, type):
        return
    for way, part in callable_references("", thing):
        # What a library's function holds is its own, but for the function that it wraps.
        if not isinstance(thing, FunctionType) or _is_users(thing) or isinstance(part, CALLABLES):
            yield way.removeprefix("."), part
    yield from _own_attributes(thing)
    yield from _hooks(thing)
    parameters = thing._parameters if isinstance(thing, nn.Module) else {}
    for name, parameter in parameters.items():
        yield from ((f"{name}.{place}", hooks) for place, hooks in _hooks(parameter))


def shared(thing: FunctionType | type) -> Iterator[tuple[str, Any]]:
    """Yield the globals that a function uses, or the attributes of a class, by their full names."""
    if isinstance(thing, FunctionType):
        yield from _users_globals(thing) if _is_users(thing) else ()
    elif is_open(thing):
        place = f"{thing.__module__}.{thing.__qualname__}"
        own = ((name, part) for name, part in class_attributes(thing) if not _is_hidden(name))
        yield from ((f"{place}.{name}", part) for name, part in own)


def _users_globals(function: FunctionType) -> Iterator[tuple[str, Any]]:
    module = module_of(function)
    for name, value in globals_of(function):
        if _is_hidden(name) or (isinstance(value, type) and not is_open(value)):
            continue
        if not isinstance(value, ModuleType):
            yield f"{module}.{name}", value
        elif is_user_module(value.__name__):
            used = {key: vars(value).get(key) for key in names_in(function.__code__)}
            own = ((key, part) for key, part in used.items() if not isinstance(part, ModuleType))
            yield from ((f"{value.__name__}.{key}", part) for key, part in own)


def _is_hidden(name: str) -> bool:
    return name.startswith("__") or name == "_abc_impl"


def _is_users(function: FunctionType) -> bool:
    return is_user_module(module_of(function))


def _own_attributes(thing: Any) -> Iterator[tuple[str, Any]]:
    kind, values = type(thing), _values(thing)
    derived: Collection[str] = ()
    if isinstance(thing, nn.Module):
        derived = {*_OF_A_MODULE, *_made_before_each_call(thing)}
    elif isinstance(thing, Model):
        derived = _OF_A_MODEL
    elif isinstance(thing, Optimizer):
        derived = _of_an_optimizer()
    private = kind.__module__.partition(".")[0] == "torch"
    follows = callable(getattr(kind, "set_epoch", None))
    for name, value in values.items():
        if name in derived or name.startswith("_" if private else "__"):
            continue
        if follows and name.endswith("epoch"):  # which is set again
            continue
        if not isinstance(getattr(kind, name, None), functools.cached_property):
            yield name, value


@functools.cache
def _of_an_optimizer() -> Collection[str]:
    # Asked where there is an optimiser already: the first one of a process may load the compiler.
    return frozenset(vars(torch.optim.SGD([torch.zeros(1)])))


def _values(thing: Any) -> dict[str, Any]:
    slots = {
        name: safe_getattr(thing, name, None)
        for kind in type(thing).__mro__
        for name in _names(vars(kind).get("__slots__", ()))
    }
    return {**slots, **safe_getattr(thing, "__dict__", {})}


def _names(slots: str | Iterable[str]) -> Iterable[str]:
    return [slots] if isinstance(slots, str) else slots


def _made_before_each_call(module: nn.Module) -> Iterator[str]:
    """Yield what hooks make of parameters, as those of torch's weight_norm and pruning."""
    for hook in module._forward_pre_hooks.values():
        for key in ("name", "_tensor_name"):
            if isinstance(name := getattr(hook, key, None), str):
                yield name


def _hooks(thing: Any) -> Iterator[tuple[str, list[Any]]]:
    """Yield the user's hooks on a module, an optimiser or a parameter, by their moment."""
    for kind, places in _HOOKS.items():
        for place in places if isinstance(thing, kind) else ():
            if hooks := getattr(thing, place, None):
                own = [hook for hook in hooks.values() if not is_library_module(_origin(hook))]
                yield from [(place.removeprefix("_"), own)] if own else []


def _origin(hook: Any) -> str:
    """Return in which module a hook was written."""
    if isinstance(hook, functools.partial):
        return _origin(hook.func)
    if isinstance(hook, MethodType):
        return type(hook.__self__).__module__
    return module_of(hook) if isinstance(hook, FunctionType) else type(hook).__module__
