"""Put the values that a `Reader` gave into an object built like the one that was read."""

import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, repeat
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stride.data.generators import KINDS, own_generator
from stride.rl.environments.state.reader import SEQUENCES

_BITS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
_KINDS: Mapping[str, Callable[[], Any]] = {
    "Random": random.Random,
    "RandomState": np.random.RandomState,
    "Generator": torch.Generator,
}


class Writer:
    """Put values into what is there; an array that was met twice is one array again."""

    def __init__(self) -> None:
        self._arrays: dict[tuple[Any, ...], np.ndarray] = {}

    def write(self, value: Any, present: Any) -> Any:
        """Return what a value stands for, made of what is there in its place or new."""
        if isinstance(value, np.ndarray):
            return self._arrays.setdefault(_memory(value), value.copy())
        if isinstance(value, Tensor):
            return value.clone()
        if not isinstance(value, dict):
            return value
        (form, content) = next(iter(value.items()))
        if form in SEQUENCES:
            return SEQUENCES[form](self._items(content, present))
        return self._form(form)(content, present)

    def _form(self, form: str) -> Callable[[Any, Any], Any]:
        forms: dict[str, Callable[[Any, Any], Any]] = {
            "built": lambda _, present: present,
            "dict": self._dict,
            "deque": self._deque,
            "enum": lambda name, present: type(present)[name],
            "generator": _generator,
            "letters": _letters,
            "state": _stateful,
            "object": self._object,
        }
        return forms[form]

    def _items(self, values: Iterable[Any], present: Any) -> list[Any]:
        """Return items; those that were built are found at the same place of what is there."""
        there = [*present] if isinstance(present, (list, tuple, deque)) else []
        return [self.write(*pair) for pair in zip(values, chain(there, repeat(None)), strict=False)]

    def _dict(self, content: Any, present: Any) -> dict[Any, Any]:
        keys, values = content
        there = [present.get(key) for key in keys] if isinstance(present, dict) else []
        return dict(zip(keys, self._items(values, there), strict=True))

    def _deque(self, content: Any, present: Any) -> deque[Any]:
        longest, items = content
        return deque(self._items(items, present), longest)

    def _object(self, content: Mapping[str, Any], present: Any) -> Any:
        """Give an object these attributes and no others."""
        held = vars(present)
        for name in held.keys() - content.keys():
            del held[name]
        held.update({name: self.write(one, held.get(name)) for name, one in content.items()})
        return present


def _memory(array: np.ndarray) -> tuple[Any, ...]:
    """Return what two arrays have in common that a checkpoint has made of one."""
    return array.ctypes.data, array.shape, array.strides, array.dtype.str


def _stateful(content: Any, present: Any) -> Any:
    present.load_state_dict(content)
    return present


def _letters(content: Any, present: Any) -> Any:
    """Return an array of texts, or one text of NumPy's."""
    kind, shape, letters = content
    return np.frombuffer(letters, kind).reshape(shape).copy()[()]


def _generator(content: Any, present: Any) -> Any:
    kind, state = content
    generator = present if isinstance(present, KINDS) else _new_generator(kind)
    own_generator("", generator).write(state)
    return generator


def _new_generator(kind: str) -> Any:
    """Return a generator, where the environment has made none so far."""
    if kind in _BITS:
        return np.random.Generator(getattr(np.random, kind)())
    return _KINDS[kind]()
