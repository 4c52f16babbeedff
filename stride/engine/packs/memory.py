"""Memory for what a step computes: new at each call, or the same in every step."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor


class Memory(ABC):
    """Where the results of a layer go."""

    @abstractmethod
    def take(self, shape: Sequence[int]) -> Tensor:
        """Return an uninitialised tensor of float32."""


class NewMemory(Memory):
    """Another tensor at each call, for what outlives the step."""

    def take(self, shape: Sequence[int]) -> Tensor:
        """Make a tensor."""
        return torch.empty(tuple(shape))


class ReusedMemory(Memory):
    """One tensor of each shape and type: new pages cost more than to compute what fills them."""

    def __init__(self) -> None:
        self._held: dict[tuple[tuple[int, ...], torch.dtype], Tensor] = {}

    def take(self, shape: Sequence[int], dtype: torch.dtype = torch.float32) -> Tensor:
        """Return the memory of this shape, in which the last step's values are."""
        key = tuple(shape), dtype
        if key not in self._held:
            self._held[key] = torch.empty(key[0], dtype=dtype)
        return self._held[key]


@dataclass
class Room:
    """Where a function puts what it computes.

    Attributes:
        outputs: new memory for what the members are given.
        gradients: of the inputs; the function before has read them when the step is over.
    """

    outputs: Memory = field(default_factory=NewMemory)
    gradients: Memory = field(default_factory=ReusedMemory)


def reused_room() -> Room:
    """Return room for what ends with the step."""
    return Room(outputs=ReusedMemory())
