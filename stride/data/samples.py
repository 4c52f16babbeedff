"""Wrap a user's dataset of samples, and handle the forms that a sample may have."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    get_worker_info,
)

from stride.data.array_dataset import ArrayDataset
from stride.data.generators import HeldGenerators
from stride.data.normalize import Normalization
from stride.data.seeding import mix
from stride.errors import DataError


class SampleDataset(Dataset[Any]):
    """A subset of a user's map-style dataset.

    Attributes:
        dataset: the user's object, with __getitem__ and __len__.
        indices: the samples' numbers in it; None: all.
    """

    def __init__(self, dataset: Any, indices: Tensor | None = None) -> None:
        self.dataset = dataset
        self.indices = indices
        # The same memory: to take a number out of an array costs a tenth of that of a tensor.
        self._rows = None if indices is None else indices.numpy()

    def __reduce__(self) -> tuple[Any, ...]:
        return SampleDataset, (self.dataset, self.indices)

    def __len__(self) -> int:
        return len(self.dataset) if self._rows is None else len(self._rows)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[index if self._rows is None else self._rows.item(index)]

    def rows(self, indices: list[int]) -> list[int]:
        """Return the numbers in the user's dataset of samples of this one."""
        return indices if self._rows is None else self._rows[indices].tolist()

    def select(self, indices: Tensor) -> "SampleDataset":
        """Return the dataset of these samples alone."""
        return SampleDataset(
            self.dataset, indices if self.indices is None else self.indices[indices]
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the class names of the user's dataset, as torchvision's have them."""
        names = getattr(self.dataset, "classes", None)
        return tuple(map(str, names)) if isinstance(names, (list, tuple)) else ()


class StreamDataset(IterableDataset[Any]):
    """The samples of a user's iterable, each passed through a function."""

    def __init__(self, stream: Iterable[Any], finish: Callable[[Any], Any] | None = None) -> None:
        self.stream = stream
        self.finish = finish
        self._held = HeldGenerators()
        self._seed = 0

    def begin(self, held: HeldGenerators, seed: int) -> None:
        """Have each worker seed its copies of these generators when it starts."""
        self._held, self._seed = held, seed

    def __iter__(self) -> Iterator[Any]:
        if (worker := get_worker_info()) is not None:
            self._held.refresh()
            self._held.seed(mix(worker.id, start=self._seed))
        return iter(self.stream) if self.finish is None else map(self.finish, self.stream)

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the class names of the user's stream."""
        return SampleDataset(self.stream).classes


Source = ArrayDataset | SampleDataset | StreamDataset


def as_source(dataset: Any, name: str) -> Source:
    """Wrap what a dataset's constructor gave: tensors where it holds no more than tensors.

    Raises:
        DataError: it is not a dataset, or holds no samples.
    """
    source = _source(dataset, name)
    if not isinstance(source, StreamDataset) and len(source) == 0:
        raise DataError("the dataset holds no samples", where=f"dataset_kwargs.dataset_name={name}")
    return source


def _source(dataset: Any, name: str) -> Source:
    if isinstance(dataset, DataLoader):
        raise DataError(
            "a DataLoader is not a dataset",
            where=f"dataset_kwargs.dataset_name={name}",
            hint="give it to the Trainer as train_loader or val_loader",
        )
    if isinstance(dataset, (ArrayDataset, SampleDataset, StreamDataset)):
        return dataset
    if isinstance(dataset, tuple) and all(isinstance(x, (Tensor, np.ndarray)) for x in dataset):
        return ArrayDataset([torch.as_tensor(column) for column in dataset])
    if isinstance(dataset, TensorDataset) and _plain(dataset, TensorDataset):
        return ArrayDataset(dataset.tensors)
    if isinstance(dataset, Subset) and _plain(dataset, Subset):
        inner = _source(dataset.dataset, name)
        if not isinstance(inner, StreamDataset):
            return inner.select(torch.tensor(list(dataset.indices), dtype=torch.int64))
    if isinstance(dataset, IterableDataset):
        return StreamDataset(dataset)
    if hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__"):
        return SampleDataset(dataset)
    if hasattr(dataset, "__iter__") and iter(dataset) is not dataset:
        return StreamDataset(dataset)
    raise DataError(
        f"a {type(dataset).__name__} is not a dataset",
        where=f"dataset_kwargs.dataset_name={name}",
        hint="give an object with __getitem__ and __len__, an IterableDataset or a tuple of arrays",
    )


def _plain(dataset: Any, kind: type) -> bool:
    """Tell whether a subclass has left the way to a sample alone."""
    return all(
        getattr(type(dataset), method, None) is getattr(kind, method, None)
        for method in ("__getitem__", "__getitems__")
    )


def split_sample(sample: Any) -> tuple[Any, Any]:
    """Return (inputs, targets) of a sample or batch; None for targets that it has not."""
    if isinstance(sample, Mapping):
        return sample.get("inputs"), sample.get("targets")
    if isinstance(sample, (tuple, list)):
        return sample[0], (sample[1] if len(sample) > 1 else None)
    return sample, None


def map_inputs(sample: Any, change: Callable[[Any], Any], where: str) -> Any:
    """Return the sample, of the form it has, with its inputs changed by a function.

    Args:
        sample: or batch.
        change: gives the inputs, from the inputs.
        where: what asks for it, for errors: a key of the config.

    Raises:
        DataError: a mapping without "inputs".
    """
    if isinstance(sample, Mapping):
        if "inputs" not in sample:
            raise DataError(
                f"a sample has the keys {', '.join(map(str, sample))}, not 'inputs'",
                where=where,
                hint="call its inputs 'inputs', or change them in the dataset itself",
            )
        return {**sample, "inputs": change(sample["inputs"])}
    if isinstance(sample, tuple) and hasattr(sample, "_fields"):
        return type(sample)(change(sample[0]), *sample[1:])
    if isinstance(sample, (tuple, list)):
        return type(sample)((change(sample[0]), *sample[1:]))
    return change(sample)


def normalize_sample(sample: Any, normalization: Normalization) -> Any:
    """Return the sample, of the form it has, normalised."""
    if (of_targets := normalization.targets) is None:
        return map_inputs(sample, normalization.apply_sample, "dataset_kwargs.normalize")
    return map_pair(
        sample,
        lambda x, y: (normalization.apply_sample(x), of_targets.apply_sample(y)),
        "dataset_kwargs.normalize_targets",
    )


def map_pair(sample: Any, change: Callable[[Any, Any], Any], where: str) -> Any:
    """Return the sample, of the form it has, with inputs and targets changed by one call.

    Args:
        sample: or batch.
        change: gives inputs and targets, from both.
        where: what asks for it, for errors: a key of the config.

    Raises:
        DataError: the sample has no targets, or the function does not give both.
    """
    inputs, targets = split_sample(sample)
    if inputs is None or targets is None:
        raise DataError(
            f"{where} changes an input and its target, and a sample has not both",
            where=where,
            hint="change the input alone, or give samples (input, target)",
        )
    changed = change(inputs, targets)
    if not isinstance(changed, (tuple, list)) or len(changed) != 2:
        raise DataError(
            f"a transform of input and target gave {type(changed).__name__}, not the two",
            where=where,
            hint="return (input, target)",
        )
    if isinstance(sample, Mapping):
        return {**sample, "inputs": changed[0], "targets": changed[1]}
    parts = (*changed, *sample[2:])
    return type(sample)(*parts) if hasattr(sample, "_fields") else type(sample)(parts)
