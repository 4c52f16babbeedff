"""Turn what an object holds into values that a checkpoint can hold.

What is not plain is a dict of one key, the name of its form: `{"list": [...]}`, `{"generator":
[kind, state]}`. What an environment has again when it is built, as spaces and functions, is
`{"built": None}`.
"""

from collections import deque
from collections.abc import Iterable
from enum import Enum
from logging import Logger
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stride.components.identity import is_library_module
from stride.data.generators import KINDS, is_stateful, own_generator

BUILT: dict[str, None] = {"built": None}
SEQUENCES: dict[str, type] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
_PLAIN = (bool, int, float, str, bytes, type(None))
_AS_BUILT = (
    *(type, FunctionType, BuiltinFunctionType, MethodType, ModuleType),
    *(np.dtype, torch.dtype, Logger, PurePath),
)
_OF_GYMNASIUM = ("gymnasium.spaces", "gymnasium.envs.registration")


class Reader:
    """Read objects, each once.

    Args:
        known: objects that are read by themselves; of a reference to one nothing is told.

    Attributes:
        lost: what has no form, in words.
    """

    def __init__(self, known: Iterable[Any]) -> None:
        self.lost: list[str] = []
        self._seen = {id(one): one for one in known}  # an id is one's own only while one lives
        self._arrays: dict[int, tuple[str, np.ndarray, np.ndarray]] = {}

    def read(self, thing: Any, place: str) -> dict[str, Any]:
        """Return what an object holds: its own state dict where it gives one, or its attributes."""
        if is_stateful(thing):
            return {"state": thing.state_dict()}
        held = vars(thing).items()
        return {"object": {name: self._value(one, f"{place}.{name}") for name, one in held}}

    def _value(self, value: Any, place: str) -> Any:
        if type(value) in _PLAIN:
            return value
        if isinstance(value, (*_AS_BUILT, *KINDS)) or _is_of_gymnasium(value):
            return _generator(value) if isinstance(value, KINDS) else BUILT
        if isinstance(value, Enum):
            return {"enum": value.name}
        if isinstance(value, (np.generic, np.ndarray)):
            return self._array(value, place)
        if isinstance(value, Tensor):
            return value.detach().clone()
        return self._container(value, place)

    def _array(self, value: Any, place: str) -> Any:
        """Return a copy, the same one for an array that is met twice."""
        if value.dtype.kind in "SU":
            return {"letters": [value.dtype.str, list(value.shape), value.tobytes()]}
        if value.dtype.kind not in "biuf":
            return self._lose(value, place)
        if isinstance(value, np.generic):
            return value.copy()
        if id(value) not in self._arrays:
            shared = [
                f"{place} is a view of the memory of {other}"
                for other, array, _ in self._arrays.values()
                if _root(array) is _root(value) and np.may_share_memory(array, value)
            ]
            self.lost.extend(shared)
            self._arrays[id(value)] = place, value, value.copy()
        return self._arrays[id(value)][2]

    def _container(self, value: Any, place: str) -> Any:
        kind = type(value)
        for form, sequence in SEQUENCES.items():
            if kind is sequence:
                return {form: self._items(value, place)}
        if kind is deque:
            return {"deque": [value.maxlen, self._items(value, place)]}
        if kind is dict and all(type(key) in _PLAIN for key in value):
            return {"dict": [list(value), self._items(value.values(), place)]}
        return self._object(value, place)

    def _items(self, values: Iterable[Any], place: str) -> list[Any]:
        return [self._value(value, f"{place}[{n}]") for n, value in enumerate(values)]

    def _object(self, value: Any, place: str) -> Any:
        if id(value) in self._seen:
            return BUILT
        self._seen[id(value)] = value
        if is_stateful(value) or _is_open(value):
            return self.read(value, place)
        return self._lose(value, place)

    def _lose(self, value: Any, place: str) -> Any:
        kind = type(value)
        self.lost.append(f"{place} is of {kind.__module__}.{kind.__qualname__}")
        return BUILT


def _is_open(value: Any) -> bool:
    """Tell whether an object is no more than its attributes."""
    if type(value) is SimpleNamespace:
        return True
    own = hasattr(value, "__dict__") and not isinstance(value, (dict, list, tuple, set, deque))
    return own and not is_library_module(type(value).__module__)


def _generator(value: Any) -> dict[str, Any]:
    bits = getattr(value, "bit_generator", None)
    kind = type(value if bits is None else bits).__name__
    return {"generator": [kind, own_generator("", value).read()]}


def _is_of_gymnasium(value: Any) -> bool:
    return any(kind.__module__.startswith(_OF_GYMNASIUM) for kind in type(value).__mro__)


def _root(array: np.ndarray) -> np.ndarray:
    """Return the array whose memory this one uses."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array
