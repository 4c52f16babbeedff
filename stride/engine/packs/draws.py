"""Masks of dropout, with the bits and the draws of `Tensor.bernoulli_`."""

from collections.abc import Callable
from functools import cache

import torch
from torch import Generator, Tensor

from stride.engine.packs.memory import ReusedMemory

Draw = Callable[[Tensor, float, Generator], object]
"""Fill a tensor with ones, by the chance of each, and zeros, from a generator."""


class DrawByNumbers:
    """Draw all numbers and then compare, which the processor does side by side."""

    def __init__(self) -> None:
        self._memory = ReusedMemory()

    def __call__(self, mask: Tensor, chance: float, generator: Generator) -> object:
        """Fill the mask."""
        numbers = self._memory.take(mask.shape, torch.float64)
        return torch.lt(numbers.uniform_(generator=generator), chance, out=mask)


def draw_one_by_one(mask: Tensor, chance: float, generator: Generator) -> object:
    """Draw as `Tensor.bernoulli_` does."""
    return mask.bernoulli_(chance, generator=generator)


def fastest_draw() -> Draw:
    """Return the fastest way that is equal on this machine.

    Where torch draws no numbers of its own, as with the library of a processor's vendor, only
    `Tensor.bernoulli_` itself is equal.
    """
    return DrawByNumbers() if _are_equal() else draw_one_by_one


@cache
def _are_equal() -> bool:
    return all(map(torch.equal, _tried(DrawByNumbers()), _tried(draw_one_by_one)))


def _tried(draw: Draw) -> tuple[Tensor, Tensor]:
    generator = Generator().manual_seed(0)
    mask = torch.empty(99)
    draw(mask, 0.7, generator)
    return mask, generator.get_state()
