"""Find what objects hold beside their state dicts: things that have a state, and plain values."""

import functools
import hashlib
import itertools
import sys
import types
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from stride.data.generators import KINDS, is_stateful
from stride.engine.checkpoint.generators import state_of
from stride.models.model import Model
from stride.models.shards import own_rows

_VALUES = (
    *(bool, int, float, complex, str, bytes, type(None), np.generic, Enum, range, slice),
    *(torch.dtype, torch.device, torch.Size, date, timedelta, Decimal, Fraction, PurePath),
    itertools.count,
)
_CONTAINERS = (Mapping, list, tuple, AbstractSet, deque)
_CODE = (type, types.ModuleType, types.FunctionType, types.MethodType, types.BuiltinFunctionType)
_FOREIGN = {*sys.stdlib_module_names, "numpy", "stride", "torch"} - {"__main__"}
_OF_A_MODULE = frozenset(vars(nn.Module()))
_OF_A_MODEL = frozenset(vars(Model(nn.Identity(), nn.Identity())))
_DEPTH = 8
_ITEMS = 1000  # of a container that are looked at; of more, some that lie at equal distances
_BYTES = 2**26  # likewise of a tensor

Hash = Any


class Attributes:
    """What is found by walking from some objects through their attributes.

    Args:
        roots: the objects, by name.
        known: what belongs to the training state already; it is passed by.
        restored: names of roots that bring a state dict of their own: what has a state in them is
            theirs to restore, and only looked at.

    Attributes:
        stateful: generators, and what has `state_dict` and `load_state_dict`, by path.
        digests: of plain values, by path; equal in every process for equal values.
    """

    def __init__(
        self, roots: Mapping[str, Any], known: Iterable[Any] = (), restored: Collection[str] = ()
    ) -> None:
        self.stateful: dict[str, Any] = {}
        self.digests: dict[str, str] = {}
        # An id is one's own only while one lives.
        self._passed = [*known, torch.default_generator, np.random.mtrand._rand, *roots.values()]
        self._ids = {id(thing) for thing in self._passed}
        self._storages = set(filter(None, map(_storage, self._passed)))
        for name, root in {
            id(root): (name, root) for name, root in [*roots.items()][::-1]
        }.values():
            self._only_looks = name in restored
            if isinstance(root, (*_CONTAINERS, Tensor, np.ndarray)):
                self._digest(name, root, 0)
            else:
                self._walk(name, root, 0)

    def _walk(self, path: str, thing: Any, depth: int) -> None:
        """Take every attribute of an object, and of all modules in it."""
        modules = thing.named_modules() if isinstance(thing, nn.Module) else [("", thing)]
        for name, part in modules:
            self._pass_by(part)
            for attribute, value in _attributes(part):
                place = ".".join(filter(None, (path, name, attribute)))
                self._take(place, value, depth)

    def _pass_by(self, thing: Any) -> None:
        self._passed.append(thing)
        self._ids.add(id(thing))

    def _is_passed(self, thing: Any) -> bool:
        if id(thing) in self._ids:
            return True
        if not isinstance(thing, Tensor):
            return False
        # What a step computed with its graph is no state: it is computed anew.
        return thing.grad_fn is not None or _storage(thing) in self._storages

    def _take(self, path: str, value: Any, depth: int) -> None:
        if self._is_passed(value):
            return
        if not self._only_looks and (isinstance(value, KINDS) or is_stateful(value)):
            self._hold(path, value, depth)
        elif _is_open(value) and not is_stateful(value) and depth < _DEPTH:
            self._walk(path, value, depth + 1)
        else:
            self._digest(path, value, depth)

    def _digest(self, path: str, value: Any, depth: int) -> None:
        hashed = hashlib.blake2b(digest_size=16)
        self._ids.discard(id(value))  # a root is not passed by itself
        self._feed(hashed, value, path, depth)
        self.digests[path] = hashed.hexdigest()

    def _hold(self, path: str, value: Any, depth: int) -> None:
        self.stateful[path] = value
        if isinstance(value, nn.Module):
            self._walk(path, value, depth + 1)
        else:
            self._pass_by(value)

    def _feed(self, hashed: Hash, value: Any, path: str, depth: int) -> None:
        """Add a value to a hash; what has a state and is met on the way is noted by its path."""
        hashed.update(f"<{type(value).__qualname__}>".encode())
        if self._is_passed(value) or depth > _DEPTH:
            return
        if isinstance(value, _VALUES):
            hashed.update(repr(value).encode(errors="surrogatepass"))
        elif isinstance(value, (Tensor, np.ndarray)):
            _feed_numbers(hashed, value)
        elif isinstance(value, KINDS) or is_stateful(value):
            if self._only_looks:
                self._feed(hashed, state_of(value), path, depth + 1)
            else:
                self._hold(path, value, depth)
        elif isinstance(value, _CONTAINERS):
            self._feed_items(hashed, value, path, depth)
        elif _is_open(value):
            self._pass_by(value)
            for name, part in _attributes(value):
                hashed.update(name.encode())
                self._feed(hashed, part, f"{path}.{name}", depth + 1)

    def _feed_items(self, hashed: Hash, items: Any, path: str, depth: int) -> None:
        hashed.update(str(len(items)).encode())
        if isinstance(items, AbstractSet):
            hashed.update("".join(sorted(map(repr, items))[:_ITEMS]).encode())
            return
        pairs = items.items() if isinstance(items, Mapping) else enumerate(items)
        for key, item in itertools.islice(pairs, 0, None, len(items) // _ITEMS + 1):
            if isinstance(items, Mapping):
                hashed.update(repr(key).encode())
            self._feed(hashed, item, f"{path}[{key!r}]", depth + 1)


def _attributes(thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of an object that are neither its library's nor made again by it."""
    kind, values = type(thing), _values(thing)
    derived: Collection[str] = ()
    if isinstance(thing, nn.Module):
        derived = {*_OF_A_MODULE, *_made_before_each_call(thing)}
    elif isinstance(thing, Model):
        derived = _OF_A_MODEL
    private = kind.__module__.partition(".")[0] == "torch"
    follows = callable(getattr(kind, "set_epoch", None))
    for name, value in values.items():
        if name in derived or name.startswith("_" if private else "__"):
            continue
        if follows and name.endswith("epoch"):  # which is set again
            continue
        if not isinstance(getattr(kind, name, None), functools.cached_property):
            yield name, value


def _values(thing: Any) -> dict[str, Any]:
    slots = {
        name: getattr(thing, name)
        for kind in type(thing).__mro__
        for name in _names(vars(kind).get("__slots__", ()))
        if hasattr(thing, name)
    }
    return slots | getattr(thing, "__dict__", {})


def _names(slots: str | Iterable[str]) -> Iterable[str]:
    return [slots] if isinstance(slots, str) else slots


def _made_before_each_call(module: nn.Module) -> Iterator[str]:
    """Yield what hooks make of parameters, as those of torch's weight_norm and pruning."""
    for hook in module._forward_pre_hooks.values():
        for key in ("name", "_tensor_name"):
            if isinstance(name := getattr(hook, key, None), str):
                yield name


def _is_open(value: Any) -> bool:
    """Tell whether to look into an object: one of a user's own class."""
    if isinstance(value, (*_CODE, *_VALUES, *_CONTAINERS, Tensor, np.ndarray)):
        return False
    held = hasattr(value, "__dict__") or hasattr(type(value), "__slots__")
    return held and type(value).__module__.partition(".")[0] not in _FOREIGN


def _storage(thing: Any) -> int:
    """Return the place of a tensor's memory, 0 where it has none."""
    if not isinstance(thing, Tensor) or thing.layout != torch.strided:
        return 0
    rows = own_rows(thing)
    return 0 if rows.is_meta else rows.untyped_storage().data_ptr()


def _feed_numbers(hashed: Hash, value: Any) -> None:
    hashed.update(f"{value.dtype}{tuple(value.shape)}".encode())
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            return
        flat = value.reshape(-1)[:: value.nbytes // _BYTES + 1]
        hashed.update(np.ascontiguousarray(flat).tobytes())
        return
    rows = own_rows(value).detach()
    if rows.layout == torch.strided and not rows.is_meta:
        some = rows.reshape(-1)[:: rows.nbytes // _BYTES + 1].cpu().resolve_conj().resolve_neg()
        hashed.update(some.contiguous().view(torch.uint8).numpy().tobytes())
