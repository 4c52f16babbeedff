"""Read a whole split in large batches, for the statistics that it is normalised by."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from stride.data.array_dataset import ArrayDataset, chunks, rows
from stride.data.batches.fetcher import FetchSamples
from stride.data.batches.sampler import BatchKey
from stride.data.normalize import AS_THEY_ARE, NONE, Normalization, fit_normalization
from stride.data.samples import SampleDataset, Source, StreamDataset, split_sample
from stride.errors import DataError

STATISTICS_BATCH = 256  # samples read at a time where statistics need them one by one


def fit_statistics(kinds: Mapping[str, str], source: Source, seed: int) -> Normalization:
    """Return the statistics of inputs and targets, of each as its key says.

    Args:
        kinds: of `normalize` and `normalize_targets`, in this order.
        source: the training split, not normalised.
        seed: what a sample depends on, where the dataset itself draws.

    Raises:
        DataError: there are none: a stream, no tensors, classes, or numbers that are not finite.
    """
    inputs, targets = (
        AS_THEY_ARE if kind == NONE else fit_normalization(kind, _parts(source, key, seed), key)
        for key, kind in kinds.items()
    )
    return inputs if targets.kind == NONE else replace(inputs, targets=targets)


def _parts(source: Source, key: str, seed: int) -> Iterator[Tensor]:
    """Yield the inputs or targets of a split in large batches, untransformed."""
    where, hint = f"dataset_kwargs.{key}", f"or type {key}=none"
    number, what = (0, "inputs") if key == "normalize" else (1, "targets")
    if isinstance(source, StreamDataset):
        hint = f"normalise in the dataset itself, {hint}"
        raise DataError("a stream has no statistics", where=where, hint=hint)
    for part in _pieces(source, number, seed):
        if not isinstance(part, Tensor):
            hint = f"let the dataset give tensors, {hint}"
            raise DataError(
                f"{what} of type {type(part).__name__} have no statistics", where=where, hint=hint
            )
        if number and not part.is_floating_point():
            hint = f"give floating numbers, {hint}"
            raise DataError(
                "the targets are whole numbers, which stand for classes", where=where, hint=hint
            )
        yield part


def _pieces(source: ArrayDataset | SampleDataset, number: int, seed: int) -> Iterator[Any]:
    """Yield inputs (0) or targets (1) of many samples at a time; None for targets there are not."""
    if isinstance(source, ArrayDataset):
        columns = source.tensors[number : number + 1]
        if not columns:
            yield None
        for column in columns:
            for part in chunks(len(source), column.nbytes // len(source)):
                yield rows(column, part)
        return
    fetch = FetchSamples(source, seed=seed, finish=None, collate=None)
    for part in torch.arange(len(source)).tensor_split(-(-len(source) // STATISTICS_BATCH)):
        yield split_sample(fetch.__getitems__(BatchKey(0, part.tolist())))[number]
