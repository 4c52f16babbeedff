"""Keep rows of one kind in a tensor: what a replay buffer holds much of."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stride.engine.checkpoint.memory import empty


class Table(ABC):
    """Rows of one shape and type.

    Attributes:
        tensor: (rows, ...).
    """

    tensor: Tensor

    @abstractmethod
    def write(self, rows: np.ndarray, values: np.ndarray | Tensor) -> None:
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
        """Return what `load_state` needs of the rows from one to the next, without a copy."""

    @abstractmethod
    def load_state(self, start: int, state: dict[str, Any], needed: np.ndarray) -> None:
        """Have the rows that gave a state.

        Args:
            start: the first.
            state: theirs.
            needed: (N,) of int64, the rows that will be asked for.

        Raises:
            RunError: they are not there any more.
        """


class HeldTable(Table, ABC):
    """Rows in the memory of a device; their state is the rows themselves."""

    def state(self, start: int, stop: int) -> dict[str, Any]:
        """Return the rows."""
        return {"rows": self.tensor[start:stop]}

    def load_state(self, start: int, state: dict[str, Any], needed: np.ndarray) -> None:
        """Take the rows."""
        self.tensor[start : start + len(state["rows"])] = state["rows"]


class HostTable(HeldTable):
    """Rows in this process's own memory, written by NumPy: in a quarter of torch's time.

    Args:
        shape: with the number of rows first.
        dtype: of the numbers.
    """

    def __init__(self, shape: tuple[int, ...], dtype: torch.dtype) -> None:
        self._hold(empty(shape, dtype))  # in large pages: rows are read here and there

    def _hold(self, tensor: Tensor) -> None:
        self.tensor, self._array = tensor, tensor.numpy()

    def write(self, rows: np.ndarray, values: np.ndarray | Tensor) -> None:
        """Write rows, each of which is named once."""
        self._array[rows] = values

    def grow(self, rows: int) -> None:
        """Have so many rows; those that were there stay."""
        longer = empty((rows, *self.tensor.shape[1:]), self.tensor.dtype)
        longer[: len(self.tensor)] = self.tensor
        self._hold(longer)


class DeviceTable(HeldTable):
    """Rows in the memory of an accelerator, which nothing here waits for.

    Args:
        shape: with the number of rows first.
        dtype: of the numbers.
        device: where they are.
    """

    def __init__(self, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> None:
        self.tensor = torch.zeros(shape, dtype=dtype, device=device)

    def write(self, rows: np.ndarray, values: np.ndarray | Tensor) -> None:
        """Write rows, each of which is named once."""
        device, dtype = self.tensor.device, self.tensor.dtype
        values = torch.as_tensor(values).to(device, dtype, non_blocking=True)
        self.tensor.index_copy_(0, torch.from_numpy(rows).to(device, non_blocking=True), values)

    def grow(self, rows: int) -> None:
        """Have so many rows; those that were there stay."""
        more = self.tensor.new_zeros((rows - len(self.tensor), *self.tensor.shape[1:]))
        self.tensor = torch.cat([self.tensor, more])


def build_table(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Table:
    """Return rows in the memory of a device; they hold anything."""
    if device.type == "cpu":
        return HostTable(shape, dtype)
    return DeviceTable(shape, dtype, device)
