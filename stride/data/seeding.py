"""Seed random augmentation by (seed, epoch, sample) and leave the process's own state alone."""

import operator
import random
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch

MASK = 2**64 - 1

GlobalState = tuple[Any, Any, torch.Tensor]


class Seedable(Protocol):
    """The protocol of a generator that can be seeded."""

    @property
    def seed(self) -> Callable[[int], Any]:
        """Seed it by a number of 64 bits."""


class GlobalGenerator(NamedTuple):
    """One of the three global generators that a dataset may draw from."""

    read: Callable[[], Any]
    write: Callable[[Any], Any]
    seed: Callable[[int], Any]
    same: Callable[[Any, Any], bool]


def _seed_numpy(value: int) -> None:
    np.random.seed(value & 0xFFFFFFFF)


def _read_numpy() -> Any:
    return np.random.get_state(legacy=True)


def _same_numpy(one: Any, other: Any) -> bool:
    return bool(np.array_equal(one[1], other[1]) and one[2:] == other[2:] and one[0] == other[0])


PYTHON = GlobalGenerator(random.getstate, random.setstate, random.seed, operator.eq)
NUMPY = GlobalGenerator(_read_numpy, np.random.set_state, _seed_numpy, _same_numpy)
# torch.manual_seed would seed every accelerator as well.
TORCH = GlobalGenerator(
    torch.get_rng_state, torch.set_rng_state, torch.default_generator.manual_seed, torch.equal
)
GLOBALS = (PYTHON, NUMPY, TORCH)  # checkpoints hold their states in this order


def mix(*numbers: int, start: int = 0) -> int:
    """Hash whole numbers into one of 64 bits, equal in every process (splitmix64, chained).

    `start` is the hash of numbers before these: mix(b, start=mix(a)) == mix(a, b).
    """
    state = start
    for number in numbers:
        state = (state + (number & MASK) + 0x9E3779B97F4A7C15) & MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
        state ^= state >> 31
    return state


def generator(*numbers: int) -> torch.Generator:
    """Make a CPU generator seeded by the hash of the numbers."""
    return torch.Generator().manual_seed(mix(*numbers))


def seed_globals(value: int, generators: Iterable[Seedable] = GLOBALS) -> None:
    """Seed generators, those of Python, NumPy and torch's CPU, by one number of 64 bits."""
    for one in generators:
        one.seed(value)


def read_globals() -> GlobalState:
    """Return the state of the three global CPU generators."""
    return random.getstate(), _read_numpy(), torch.get_rng_state()


def write_globals(state: GlobalState) -> None:
    """Set the three global CPU generators to a state that `read_globals` gave."""
    for one, part in zip(GLOBALS, state, strict=True):
        one.write(part)


def advanced_since(
    before: GlobalState, known: Collection[GlobalGenerator] = ()
) -> list[GlobalGenerator]:
    """Return the generators that were drawn from since a state; those known are not asked."""
    return [
        one
        for one, part in zip(GLOBALS, before, strict=True)
        if one not in known and not one.same(part, one.read())
    ]


@contextmanager
def seeded(value: int) -> Iterator[None]:
    """Seed the global generators for a block and restore their state after it."""
    before = read_globals()
    seed_globals(value)
    try:
        yield
    finally:
        write_globals(before)
