"""Find what objects hold beside their state dicts: things that have a state, and plain values."""

import itertools
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import FunctionType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from stride.data.generators import KINDS, is_stateful
from stride.engine.checkpoint.generators import state_of
from stride.engine.checkpoint.object_contents import (
    CODE,
    CONTAINERS,
    NUMBERS,
    VALUES,
    attributes,
    is_open,
    shared,
)
from stride.engine.checkpoint.value_digest import ValueDigest, inside_iterator
from stride.models.shards import local_shard

_DEPTH = 8
_ITEMS = 1000  # of a container that are looked at; of more, some that lie at equal distances


class Attributes:
    """What is found by walking from some objects through what they hold and refer to.

    That is attributes and hooks, what functions close over, the globals that they use, and the
    attributes of classes. What several objects share has the name of its module.

    Args:
        roots: the objects, by name.
        known: what belongs to the training state already; it is passed by.
        restored: names of roots that bring a state dict of their own: what has a state in them is
            theirs to restore, and only looked at.
        numbers: whether those in tensors and arrays count in digests: reading them takes long.

    Attributes:
        stateful: generators, and what has `state_dict` and `load_state_dict`, by path.
        digests: of plain values, by path; equal in every process for equal values.
    """

    def __init__(
        self,
        roots: Mapping[str, Any],
        known: Iterable[Any] = (),
        restored: Collection[str] = (),
        *,
        numbers: bool = True,
    ) -> None:
        self._numbers = numbers
        self.stateful: dict[str, Any] = {}
        self.digests: dict[str, str] = {}
        # An id is one's own only while one lives.
        self._passed = [*known, torch.default_generator, np.random.mtrand._rand, *roots.values()]
        self._ids = {id(thing) for thing in self._passed}
        self._storages = set(filter(None, map(_storage, self._passed)))
        self._shared: deque[tuple[str, Any]] = deque()  # what is to be taken after a root
        self._noted: set[Any] = set()  # whose shared things those are, and which they are
        for name, root in {
            id(root): (name, root) for name, root in [*roots.items()][::-1]
        }.values():
            self._only_looks = name in restored
            if isinstance(root, (*CONTAINERS, *NUMBERS)):
                self._digest(name, root, 0)
            else:
                self._walk(name, root, 0)
            self._take_shared()

    def _take_shared(self) -> None:
        """Take what is shared, which may lead to more; from the top, however deep it was met."""
        while self._shared:
            path, value = self._shared.popleft()
            while path in self.digests or path in self.stateful:  # of another class of that name
                path += "'"
            self._take(path, value, 0)

    def _walk(self, path: str, thing: Any, depth: int) -> None:
        """Take every attribute of an object, and of all modules in it."""
        modules = thing.named_modules() if isinstance(thing, nn.Module) else [("", thing)]
        for name, part in modules:
            for attribute, value in self._inside(part):
                self._take(_joined(path, name, attribute), value, depth)

    def _inside(self, thing: Any) -> Iterator[tuple[str, Any]]:
        """Yield what an object holds; note what it shares. It is passed by from now on."""
        self._pass_by(thing)
        kind = thing if isinstance(thing, type) else type(thing)
        for owner in (thing,) if isinstance(thing, FunctionType) else kind.__mro__:
            if id(owner) not in self._noted:
                self._noted.add(id(owner))
                self._passed.append(owner)
                self._note(shared(owner))
        return attributes(thing)

    def _note(self, named: Iterable[tuple[str, Any]]) -> None:
        """Note what several functions or classes may share, once."""
        for path, value in named:
            if (path, id(value)) not in self._noted:
                self._noted.add((path, id(value)))
                self._shared.append((path, value))

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
        if isinstance(value, CODE):
            self._digest_code(path, value)
        if self._is_passed(value):
            return
        if not self._only_looks and (isinstance(value, KINDS) or is_stateful(value)):
            self._hold(path, value, depth)
        elif is_open(value) and not is_stateful(value) and depth < _DEPTH:
            self._walk(path, value, depth + 1)
        else:
            self._digest(path, value, depth)

    def _digest(self, path: str, value: Any, depth: int) -> None:
        digest = ValueDigest(numbers=self._numbers)
        self._ids.discard(id(value))  # a root is not passed by itself
        self._feed(digest, value, path, depth)
        self.digests[path] = digest.text()

    def _digest_code(self, path: str, value: Any) -> None:
        """Tell which function or class it is, known or not."""
        digest = ValueDigest()
        digest.add_code(value)
        self.digests[path] = digest.text()

    def _hold(self, path: str, value: Any, depth: int) -> None:
        self.stateful[path] = value
        if isinstance(value, nn.Module):
            self._walk(path, value, depth + 1)
        else:
            self._pass_by(value)

    def _feed(self, digest: ValueDigest, value: Any, path: str, depth: int) -> None:
        """Add a value to a digest; what has a state and is met on the way is noted by its path."""
        digest.add(f"<{type(value).__qualname__}>")
        digest.add_code(value)
        if self._is_passed(value) or depth > _DEPTH:
            return
        if isinstance(value, VALUES):
            digest.add(repr(value))
        elif isinstance(value, NUMBERS):
            digest.add_numbers(value)
        elif isinstance(value, KINDS) or is_stateful(value):
            if self._only_looks:
                self._feed(digest, state_of(value), path, depth + 1)
            else:
                self._hold(path, value, depth)
        elif isinstance(value, CONTAINERS):
            self._feed_items(digest, value, path, depth)
        elif is_open(value):
            for name, part in self._inside(value):
                digest.add(name)
                self._feed(digest, part, _joined(path, name), depth + 1)
        elif isinstance(value, Iterator):
            self._feed_iterator(digest, value, path, depth)

    def _feed_iterator(self, digest: ValueDigest, value: Any, path: str, depth: int) -> None:
        self._pass_by(value)
        inside = inside_iterator(value)
        digest.unreadable |= inside is None
        self._feed_items(digest, inside or (), path, depth)

    def _feed_items(self, digest: ValueDigest, items: Any, path: str, depth: int) -> None:
        digest.add(str(len(items)))
        if isinstance(items, AbstractSet):
            digest.add("".join(sorted(map(repr, items))[:_ITEMS]))
            return
        pairs = items.items() if isinstance(items, Mapping) else enumerate(items)
        for key, item in itertools.islice(pairs, 0, None, len(items) // _ITEMS + 1):
            if isinstance(items, Mapping):
                digest.add(repr(key))
            self._feed(digest, item, f"{path}[{key!r}]", depth + 1)


def _joined(*parts: str) -> str:
    return ".".join(filter(None, parts))


def _storage(thing: Any) -> int:
    """Return the place of a tensor's memory, 0 where it has none."""
    if not isinstance(thing, Tensor) or thing.layout != torch.strided:
        return 0
    rows = local_shard(thing)
    return 0 if rows.is_meta else rows.untyped_storage().data_ptr()
