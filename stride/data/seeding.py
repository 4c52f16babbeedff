"""Seed random augmentation by (seed, epoch, sample) and leave the process's own state alone."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

MASK = 2**64 - 1

GlobalState = tuple[Any, Any, torch.Tensor]


def mix(*numbers: int) -> int:
    """Hash whole numbers into one of 64 bits, equal in every process (splitmix64, chained)."""
    state = 0
    for number in numbers:
        state = (state + (number & MASK) + 0x9E3779B97F4A7C15) & MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
        state ^= state >> 31
    return state


def generator(*numbers: int) -> torch.Generator:
    """Make a private CPU generator seeded by the hash of the numbers."""
    return torch.Generator().manual_seed(mix(*numbers))


def seed_globals(value: int) -> None:
    """Seed the global generators of Python, NumPy and torch's CPU by one number of 64 bits."""
    random.seed(value)
    np.random.seed(value & 0xFFFFFFFF)
    # torch.manual_seed would seed every accelerator as well.
    torch.default_generator.manual_seed(value)


def read_globals() -> GlobalState:
    """Return the state of the three global CPU generators."""
    return random.getstate(), np.random.get_state(legacy=True), torch.get_rng_state()


def write_globals(state: GlobalState) -> None:
    """Set the three global CPU generators to a state that `read_globals` gave."""
    random.setstate(state[0])
    np.random.set_state(state[1])
    torch.set_rng_state(state[2])


def same_globals(one: GlobalState, other: GlobalState) -> bool:
    """Tell whether nothing was drawn between two states."""
    name, keys, *rest = one[1]
    other_name, other_keys, *other_rest = other[1]
    return (
        torch.equal(one[2], other[2])
        and one[0] == other[0]
        and (name, rest) == (other_name, other_rest)
        and np.array_equal(keys, other_keys)
    )


@contextmanager
def seeded(value: int) -> Iterator[None]:
    """Seed the global generators for a block and give back their state after it."""
    before = read_globals()
    seed_globals(value)
    try:
        yield
    finally:
        write_globals(before)
