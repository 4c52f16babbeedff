"""Find the random generators in a user's own objects; seed them, read and set their state."""

import os
import random
import sys
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import islice
from types import CodeType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch

from stride.data.references import (
    callable_references,
    class_attributes,
    globals_of,
    module_of,
    safe_getattr,
)
from stride.data.seeding import MASK, mix

MOST_OBJECTS = 5_000  # looked at; the nearest come first
MOST_ITEMS = 64  # of a long list or mapping, unless it has generators among its first

KINDS = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)
_LEAVES: tuple[type, ...] = (
    str,
    bytes,
    bytearray,
    int,
    float,
    complex,
    torch.Tensor,
    np.ndarray,
    np.generic,
)
_LEAVES += (ModuleType, type, CodeType, type(None), torch.device, torch.dtype, np.dtype)
_LIBRARIES = {*sys.stdlib_module_names, "numpy", "pandas", "stride", "torch", "torchvision"}
_PLAIN = "sampler.generator"  # has always had the seed of an epoch as it is


class OwnGenerator(NamedTuple):
    """A generator in a user's object, named by its attribute path."""

    name: str
    generator: Any
    read: Callable[[], Any]
    write: Callable[[Any], Any]
    set_seed: Callable[[int], Any]

    def seed(self, value: int) -> None:
        """Seed it by 64 bits and its name, so that two generators draw different numbers."""
        own = value if self.name == _PLAIN else mix(zlib.crc32(self.name.encode()), start=value)
        self.set_seed(own)


def find_generators(**roots: Any) -> list[OwnGenerator]:
    """Find the generators in objects: in attributes, containers, closures, globals of functions.

    Each is found once, by the shortest way to it. What cannot be seeded (SystemRandom) is left
    out, and so is what lies behind very many objects.
    """
    found: list[OwnGenerator] = []
    seen: dict[int, Any] = {}  # keeps what it has seen, so that no number is given twice
    left = deque(roots.items())
    while left and len(seen) < MOST_OBJECTS:
        name, value = left.popleft()
        if issubclass(type(value), _LEAVES) or id(value) in seen:
            continue
        seen[id(value)] = value
        if isinstance(value, KINDS):
            found += [] if isinstance(value, random.SystemRandom) else [own_generator(name, value)]
        else:
            left.extend(_inside(name, value))
    return found


def own_generator(name: str, generator: Any) -> OwnGenerator:
    """Return the ways in which one of the `KINDS` is read, set and seeded."""
    if isinstance(generator, torch.Generator):
        ways: Any = generator.get_state, generator.set_state, generator.manual_seed
    elif isinstance(generator, random.Random):
        ways = generator.getstate, generator.setstate, generator.seed
    elif isinstance(generator, np.random.RandomState):
        read, write = partial(generator.get_state, legacy=False), generator.set_state
        ways = read, write, partial(_seed_legacy, generator)
    else:
        bits = generator.bit_generator
        read, write = partial(getattr, bits, "state"), partial(setattr, bits, "state")
        ways = read, write, partial(_seed_bits, bits)
    return OwnGenerator(name, generator, *ways)


def is_stateful(thing: Any) -> bool:
    """Tell whether an object gives and takes a state dict."""
    if isinstance(thing, type):
        return False
    try:
        return all(callable(getattr(thing, k, None)) for k in ("state_dict", "load_state_dict"))
    except Exception:  # it stands for something that is not there
        return False


def _seed_bits(bits: Any, value: int) -> None:
    if type(bits) in (np.random.PCG64, np.random.PCG64DXSM):  # a twentieth of the time
        state = {"state": value << 64 | mix(value), "inc": mix(1, start=value) << 1 | 1}
        kind = type(bits).__name__
        bits.state = {"bit_generator": kind, "state": state, "has_uint32": 0, "uinteger": 0}
    else:
        bits.state = type(bits)(value & MASK).state


def _seed_legacy(generator: np.random.RandomState, value: int) -> None:
    kind = getattr(np.random, generator.get_state(legacy=False)["bit_generator"])
    generator.set_state(kind(value & MASK).state)  # which forgets a normal number held back, too


def _inside(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what an object holds, with the ways to it."""
    if isinstance(value, Mapping) and type(value).__module__ in ("builtins", "collections"):
        yield from ((f"{name}[{key!r}]", part) for key, part in _some(value.items()))
    elif isinstance(value, (list, tuple, set, frozenset, deque)):
        yield from ((f"{name}[{number}]", part) for number, part in _some(enumerate(value)))
    yield from callable_references(name, value)
    if isinstance(value, FunctionType) and module_of(value).partition(".")[0] not in _LIBRARIES:
        yield from ((f"{name}.{key}", part) for key, part in globals_of(value))
    yield from ((f"{name}.{key}", part) for key, part in _attributes(value))


def _some(items: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """Yield the first of many items; of many generators all."""
    left = iter(items)
    first = list(islice(left, MOST_ITEMS))
    yield from first
    if any(isinstance(part, KINDS) for _, part in first):
        yield from left


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield an object's own attributes, then those of its classes, but for a library's."""
    yield from safe_getattr(value, "__dict__", {}).items()
    for kind in type(value).__mro__:
        if kind.__module__.partition(".")[0] in _LIBRARIES:
            continue
        for name, part in vars(kind).items():
            if isinstance(part, MemberDescriptorType):  # of __slots__
                yield name, safe_getattr(value, name, None)
        yield from class_attributes(kind)


class HeldGenerators:
    """The generators that some objects hold, looked up again in each epoch.

    Args:
        roots: the objects, by what they are called.

    Attributes:
        generators: those that were found.
    """

    def __init__(self, **roots: Any) -> None:
        self._roots = roots
        self._place: tuple[int, int] | None = None
        self.generators: list[OwnGenerator] = []

    def __getstate__(self) -> dict[str, Any]:
        # A worker that is not forked looks for the generators that are there.
        return {"_roots": self._roots, "_place": None, "generators": []}

    def begin(self, epoch: int) -> bool:
        """Refresh at the start of an epoch; tell whether it is the first in this process."""
        place, before = (os.getpid(), epoch), self._place
        if place == before:
            return False
        self._place = place
        self.refresh()
        return before is None or before[0] != place[0]

    def refresh(self) -> bool:
        """Look up the generators; tell whether they changed."""
        before = [id(one.generator) for one in self.generators]
        self.generators = find_generators(**self._roots)
        return [id(one.generator) for one in self.generators] != before

    def read(self) -> dict[str, Any]:
        """Return the states of the generators by their names."""
        return {one.name: one.read() for one in self.generators}

    def write(self, states: Mapping[str, Any]) -> None:
        """Restore the states that `read` gave; a generator without one is left alone."""
        for one in self.generators:
            if one.name in states:
                one.write(states[one.name])

    def seed(self, value: int) -> None:
        """Seed each by a number and its name."""
        for one in self.generators:
            one.seed(value)

    @contextmanager
    def preserve(self) -> Iterator[None]:
        """Restore the generators after the block: others may draw from them too."""
        before = [(one, one.read()) for one in self.generators]
        try:
            yield
        finally:
            for one, state in before:
                one.write(state)
