"""Keep rows of one kind in a tensor: what a replay buffer holds much of."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor


class Table(ABC):
    """Rows of one shape and type.

    Attributes:
        tensor: (rows, ...).
    """

    tensor: Tensor

    @abstractmethod
    def write(self, rows: np.ndarray, values: Tensor) -> None:
        """Write rows, each of which is named once.

        Args:
            rows: (N,) of int64.
            values: (N, ...).
        """

    @abstractmethod
    def grow(self, rows: int) -> None:
        """Have so many rows; those that were there stay."""

    @abstractmethod
    def state(self, start: int, stop: int) -> dict[str, Any]:
        """Return what `load_state` needs of the rows from one to the next."""

    @abstractmethod
    def load_state(self, start: int, state: dict[str, Any], needed: np.ndarray) -> None:
        """Have the rows that gave a state.

        Args:
            start: the first.
            state: theirs.
            needed: those of them that anybody will ask for.

        Raises:
            RunError: they are not there any more.
        """


class TensorTable(Table):
    """Rows in the memory of a device; their state is the rows themselves.

    Args:
        shape: with the number of rows first.
        dtype: of the numbers.
        device: where they are.
    """

    def __init__(self, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> None:
        self.tensor = torch.zeros(shape, dtype=dtype, device=device)

    def write(self, rows: np.ndarray, values: Tensor) -> None:
        """Write rows, each of which is named once."""
        device = self.tensor.device
        values = values.to(device, self.tensor.dtype, non_blocking=True)
        self.tensor.index_copy_(0, torch.from_numpy(rows).to(device, non_blocking=True), values)

    def grow(self, rows: int) -> None:
        """Have so many rows; those that were there stay."""
        more = self.tensor.new_zeros((rows - len(self.tensor), *self.tensor.shape[1:]))
        self.tensor = torch.cat([self.tensor, more])

    def state(self, start: int, stop: int) -> dict[str, Any]:
        """Return the rows."""
        return {"rows": self.tensor[start:stop]}

    def load_state(self, start: int, state: dict[str, Any], needed: np.ndarray) -> None:
        """Take the rows."""
        self.tensor[start : start + len(state["rows"])] = state["rows"]
