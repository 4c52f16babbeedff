"""Fingerprint the data cheaply, with the same digest in every process."""

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from stride.data.array_dataset import ArrayDataset, Column, MappedColumn, rows
from stride.data.generators import HeldGenerators
from stride.data.samples import SampleDataset, Source
from stride.data.seeding import mix, seeded

WHOLE_BYTES = 2**24  # of a column are digested whole; of what lies beyond, SPREAD_ROWS rows
SPREAD_ROWS = 1024
SPREAD_SAMPLES = 64  # of a dataset that gives its samples one by one


class Digest(Protocol):
    """The protocol of hashlib's hash objects."""

    def update(self, data: Any, /) -> None:
        """Add bytes."""


def fingerprint(parts: Mapping[str, Source]) -> str:
    """Return a digest of 32 hexadecimal digits of the content of the parts.

    Only shapes, types and values count, never a file's name or time, so that data which moved
    or was copied is the same data. Small data counts whole; of large data the beginning and
    evenly spread samples do, so a change elsewhere goes unseen. Of a stream only its type does.
    """
    digest = hashlib.blake2b(digest_size=16)
    # Runs record the digest: parts and columns are added in their own order, never sorted.
    for name, source in parts.items():
        digest.update(f"{name}\n".encode())
        _add_source(digest, source)
    return digest.hexdigest()


def _add_source(digest: Digest, source: Source) -> None:
    if isinstance(source, ArrayDataset):
        digest.update(repr(source.classes).encode())
        for column in source.tensors:
            _add_column(digest, column)
        for name, annotation in source.annotations.items():
            digest.update(name.encode())
            _add_column(digest, annotation)
    elif isinstance(source, SampleDataset):
        _add_samples(digest, source)
    else:
        digest.update(type(source.stream).__qualname__.encode())


def _add_column(digest: Digest, column: Column) -> None:
    length = len(column)
    digest.update(f"{tuple(column.shape)} {column.dtype}".encode())
    whole = min(length, max(1, WHOLE_BYTES // max(1, column.nbytes // length)))
    chosen = torch.arange(whole)
    if whole < length:
        beyond = spread(whole, length - 1, min(SPREAD_ROWS, length - whole))
        chosen = torch.cat([chosen, beyond])
    elif not isinstance(column, MappedColumn):
        digest.update(_bytes(column))
        return
    digest.update(_bytes(rows(column, chosen)))


def spread(first: int, last: int, count: int) -> Tensor:
    """Return `count` whole numbers from first to last, evenly spread, ascending; int64."""
    picked = torch.linspace(first, last, count).long()
    if not len(picked) or picked[-1] <= last:
        return picked  # rounded as they ever were: digests of earlier runs are compared with these
    # float32 counts to 2**24 and rounds a larger last number up, past the end.
    return first + torch.arange(count) * (last - first) // max(1, count - 1)


def _bytes(tensor: Tensor) -> Any:
    return tensor.contiguous().flatten().view(torch.uint8).numpy().data


def _add_samples(digest: Digest, source: SampleDataset) -> None:
    length = len(source)
    digest.update(f"{type(source.dataset).__qualname__} {length}".encode())
    held = HeldGenerators(dataset=source.dataset)
    for index in spread(0, length - 1, min(SPREAD_SAMPLES, length)).tolist():
        first = held.begin(0)
        sample = _drawn(source, held, index)
        if first and held.refresh():  # the first sample made some that it draws from
            sample = _drawn(source, held, index)
        _add_value(digest, sample)


def _drawn(source: SampleDataset, held: HeldGenerators, index: int) -> Any:
    with held.preserve(), seeded(mix(index)):
        held.seed(mix(index))
        return source[index]


def _add_value(digest: Digest, value: Any) -> None:
    """Add a sample, however its parts are nested, by the values in it."""
    digest.update(type(value).__name__.encode())
    if isinstance(value, Mapping):
        for key, part in value.items():
            digest.update(repr(key).encode())
            _add_value(digest, part)
    elif isinstance(value, (tuple, list)):
        for part in value:
            _add_value(digest, part)
    elif isinstance(value, (Tensor, np.ndarray)):
        array = np.ascontiguousarray(value.detach().cpu() if isinstance(value, Tensor) else value)
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(array.tobytes())
    elif isinstance(value, (str, bytes, int, float, bool, np.generic)) or value is None:
        digest.update(repr(value).encode())
    elif callable(getattr(value, "tobytes", None)):  # an image of Pillow, for one
        digest.update(value.tobytes())
