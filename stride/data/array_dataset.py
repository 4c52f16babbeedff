"""A dataset of columns: tensors of equal length, in memory or memory-mapped."""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from stride.data.labels import require_in_range
from stride.data.normalize import Normalization
from stride.errors import DataError


@dataclass(frozen=True)
class MappedColumn:
    """A memory-mapped column: rows are read from the file on access.

    The file is opened where it is first read, so that the column can be sent to a worker
    process without its data.

    Attributes:
        path: the file.
        stored_dtype: the type of the numbers in the file.
        file_shape: the shape of the whole array.
        offset: byte at which the array begins.
        order: "C" or "F", as in NumPy.
        dtype: the torch type of the rows given out.
        view: the torch type to take the stored bits for, where NumPy has none (bfloat16).
        picked: the rows that this column consists of; None: all of them.
    """

    path: Path
    stored_dtype: np.dtype[Any]
    file_shape: tuple[int, ...]
    offset: int
    order: str
    dtype: torch.dtype
    view: torch.dtype | None = None
    picked: np.ndarray[Any, Any] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of the column, its length first."""
        return (len(self), *self.file_shape[1:])

    @property
    def nbytes(self) -> int:
        """Return the bytes that the column would take in memory."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def __len__(self) -> int:
        return self.file_shape[0] if self.picked is None else len(self.picked)

    def rows(self, indices: Tensor) -> Tensor:
        """Return a copy of the rows at the indices, in their order.

        Raises:
            DataError: a number in them is too large for the type.
        """
        wanted = indices.numpy()
        samples = wanted if self.picked is None else self.picked[wanted]
        array = np.ascontiguousarray(self._memory()[samples], self.stored_dtype.newbyteorder("="))
        if self.view is None:
            require_in_range(array, self.dtype, samples, str(self.path))
        tensor = torch.from_numpy(array)
        return tensor.view(self.view or tensor.dtype).to(self.dtype)

    def select(self, indices: Tensor) -> "MappedColumn":
        """Return the column of these rows alone, read from the file as before."""
        wanted = indices.numpy()
        return replace(self, picked=wanted if self.picked is None else self.picked[wanted])

    def _memory(self) -> np.ndarray[Any, Any]:
        memory: np.ndarray[Any, Any] | None = self.__dict__.get("_opened")
        if memory is None:
            order: Any = self.order
            memory = np.memmap(
                self.path, self.stored_dtype, "r", self.offset, self.file_shape, order
            )
            self.__dict__["_opened"] = memory
        return memory

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_opened"}


Column = Tensor | MappedColumn


class ArrayDataset(Dataset[tuple[Tensor, ...]]):
    """A map-style dataset of equally long columns: inputs first, then targets.

    Attributes:
        tensors: the columns; sample i is the tuple of their rows i.
        classes: labels of the classes by code, where the targets were text.
        num_classes: how many classes there are, where the targets need not show all of them.
        feature_names: what each input is called, where they came from named columns.
        inferred: keys of `dataset_kwargs` that only the data could tell: what its codes mean.
        notes: what the log was told while the columns were read.
        annotations: what is known of each sample beside the columns, by name, as the labels of
            its points; it follows every choice of samples, and no batch has it.
        normalization: applied on reading; tensors in memory have it applied already.
        indices: the samples' numbers in the dataset that these were chosen from; None: all.
    """

    def __init__(
        self,
        tensors: Sequence[Column],
        *,
        classes: tuple[str, ...] = (),
        num_classes: int | None = None,
        feature_names: tuple[str, ...] = (),
        inferred: Mapping[str, Any] | None = None,
        notes: tuple[str, ...] = (),
        annotations: Mapping[str, Tensor] | None = None,
        normalization: Normalization | None = None,
        indices: Tensor | None = None,
    ) -> None:
        self.annotations = annotations or {}
        columns = [*tensors, *self.annotations.values()]
        lengths = [len(column) if column.shape else 0 for column in columns]
        if len(set(lengths)) != 1:
            raise DataError(f"the arrays differ in length: {', '.join(map(str, lengths))}")
        self.tensors = tuple(tensors)
        self.classes = classes
        self.num_classes = num_classes
        self.feature_names = feature_names
        self.inferred = inferred or {}
        self.notes = notes
        self.normalization = normalization
        self.indices = indices

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        if not self.in_memory:
            return tuple(column[0] for column in self.take(torch.tensor([index])))
        return tuple(column[index] for column in self.tensors if isinstance(column, Tensor))

    def take(self, indices: Tensor) -> tuple[Tensor, ...]:
        """Return the batch of the samples at the indices, one read per column."""
        columns = [rows(tensor, indices) for tensor in self.tensors]
        if self.normalization is not None:
            return tuple(_normalized(columns, self.normalization))
        return tuple(columns)

    def select(self, indices: Tensor) -> "ArrayDataset":
        """Return the dataset of these samples alone."""
        picked = [select(tensor, indices) for tensor in self.tensors]
        chosen = self._like(picked, self.normalization)
        told = self.annotations.items()
        chosen.annotations = {name: one.index_select(0, indices) for name, one in told}
        chosen.indices = indices if self.indices is None else self.indices[indices]
        return chosen

    def copy(self) -> "ArrayDataset":
        """Return the dataset with a copy of every column that is in memory."""
        columns = [one.clone() if isinstance(one, Tensor) else one for one in self.tensors]
        return self._like(columns, self.normalization)

    def normalize(self, normalization: Normalization) -> "ArrayDataset":
        """Return the dataset normalised: at once in memory, else on reading."""
        if self.in_memory:
            return self._like(_normalized(self.tensors, normalization))
        return self._like(self.tensors, normalization)

    def to_memory(self) -> "ArrayDataset":
        """Return the dataset with every column in memory."""
        if self.in_memory:
            return self
        return self._like(self.take(torch.arange(len(self))))

    def _like(
        self, tensors: Sequence[Column], normalization: Normalization | None = None
    ) -> "ArrayDataset":
        changed = copy(self)
        changed.tensors, changed.normalization = tuple(tensors), normalization
        return changed

    @property
    def in_memory(self) -> bool:
        """Tell whether every column is a tensor."""
        return all(isinstance(tensor, Tensor) for tensor in self.tensors)

    @property
    def nbytes(self) -> int:
        """Return the bytes of all columns."""
        return sum(tensor.nbytes for tensor in self.tensors)


def _normalized(columns: Sequence[Any], normalization: Normalization) -> list[Tensor]:
    inputs, *others = columns
    if normalization.targets is not None:
        others[:1] = map(normalization.targets.apply, others[:1])
    return [normalization.apply(inputs), *others]


def rows(column: Column, indices: Tensor) -> Tensor:
    """Return the rows of a column at the indices."""
    if isinstance(column, MappedColumn):
        return column.rows(indices)
    return column.index_select(0, indices)


def select(column: Column, indices: Tensor) -> Column:
    """Return the column of the rows at the indices, in memory or mapped as before."""
    if isinstance(column, MappedColumn):
        return column.select(indices)
    return column.index_select(0, indices)


def chunks(length: int, row_bytes: int, limit: int = 2**24) -> Iterator[Tensor]:
    """Yield 0..length in chunks of indices whose rows take about `limit` bytes."""
    step = max(1, limit // max(1, row_bytes))
    for start in range(0, length, step):
        yield torch.arange(start, min(start + step, length))
