"""Memory for what a step computes: new at each call, or the same in every step."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

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
    """One tensor of each shape: to get new pages costs more than to compute what fills them."""

    def __init__(self) -> None:
        self._by_shape: dict[tuple[int, ...], Tensor] = {}

    def take(self, shape: Sequence[int]) -> Tensor:
        """Return the memory of this shape, in which the last step's values are."""
        shape = tuple(shape)
        if shape not in self._by_shape:
            self._by_shape[shape] = torch.empty(shape)
        return self._by_shape[shape].detach()  # from the graph of the last step
