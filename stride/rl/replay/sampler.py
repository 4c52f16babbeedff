"""Choose which transitions of a replay buffer make a batch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


class Sampler(ABC):
    """Draw numbers of transitions; these are counted from the first that there ever was."""

    @abstractmethod
    def move(self, start: int, end: int) -> None:
        """Have the numbers from one to the next: later than those before, or with some gone."""

    @abstractmethod
    def draw(self, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return numbers (N,) of int64, which may repeat, and their weights (N,) in a loss."""

    @abstractmethod
    def update(self, numbers: Tensor, errors: Tensor) -> None:
        """Learn by how much the values of transitions were wrong."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Return the state."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the state."""


def place(drawn: Tensor, device: torch.device) -> Tensor:
    """Return what was drawn where the rows are; of an accelerator, the host waits for it."""
    return drawn.to(device, non_blocking=device.type != "cpu")


class Uniform(Sampler):
    """Draw all alike, whatever their errors.

    Args:
        device: where the numbers go.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._start = self._end = 0

    def move(self, start: int, end: int) -> None:
        """Have the numbers from one to the next."""
        self._start, self._end = start, end

    def draw(self, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return numbers, each drawn from all, and weights of one."""
        numbers = torch.randint(
            self._start,
            self._end,
            (batch_size,),
            generator=generator,
            device=generator.device,
        )
        numbers = place(numbers, self._device)
        return numbers, torch.ones(batch_size, device=self._device)

    def update(self, numbers: Tensor, errors: Tensor) -> None:
        """Do nothing."""

    def state_dict(self) -> dict[str, Any]:
        """Return which numbers there are."""
        return {"start": self._start, "end": self._end}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take which numbers there are."""
        self._start, self._end = state["start"], state["end"]
