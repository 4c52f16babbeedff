"""Read samples by their ids in batches on the device, as an evaluation reads them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from stride.data.batches.base import Batches
from stride.data.batches.memory import MemoryBatches
from stride.data.batches.sampler import Order
from stride.data.build import BatchMaker
from stride.data.normalize import Normalization
from stride.data.options import loader_options
from stride.data.samples import Source, StreamDataset
from stride.errors import DataError


class Reader:
    """Read batches of samples by their ids, in order, without random transforms.

    In memory, batches are gathered from the data, or are views of it, so that nothing is copied
    for a pool; elsewhere they are made by the loader of `load_data_kwargs`, with its workers. A
    sample is the same in every reading: what it draws depends on the seed and its id alone.

    Args:
        source: the dataset that the ids count in.
        loader: the section load_data_kwargs; options of training alone have no effect.
        seed: the seed of the run.
        device: where the batches are wanted.
        normalization: statistics that samples which are not arrays are normalised by.

    Raises:
        DataError: the source is a stream, which has no ids.
    """

    def __init__(
        self,
        source: Source,
        loader: Mapping[str, Any],
        *,
        seed: int,
        device: torch.device,
        normalization: Normalization | None = None,
    ) -> None:
        if isinstance(source, StreamDataset):
            raise DataError(
                "a stream has no samples to choose from",
                where="dataset_kwargs.dataset_name",
                hint="active learning needs a dataset with __getitem__ and __len__",
            )
        options = loader_options(loader, "val")
        objects = {k: v for k, v in options.objects.items() if k != "batch_sampler"}
        self._options = replace(options, objects=objects, drop_last=False, shuffle=False)
        self._source, self._normalization = source, normalization
        self._seed, self._device = seed, device
        self._whole = self._made(objects)

    def __len__(self) -> int:
        return len(self._source)

    def __call__(self, ids: Tensor) -> Batches:
        """Return the batches of the samples with these ids, in this order."""
        if isinstance(self._whole, MemoryBatches):
            order = IdOrder(ids, self._options.batch_size, self._seed)
            return MemoryBatches(self._whole.tensors, order, self._device)
        return self._made({**self._options.objects, "sampler": _Ids(ids)})

    def _made(self, objects: Mapping[str, Any]) -> Batches:
        maker = BatchMaker(replace(self._options, objects=objects), self._seed, self._device)
        return maker.make(self._source, self._normalization, None)


class IdOrder(Order):
    """The order of a list of ids, in every epoch."""

    def __init__(self, ids: Tensor, batch_size: int, seed: int) -> None:
        super().__init__(len(ids), batch_size, seed=seed, shuffle=True)
        whole = torch.arange(len(ids))
        self._ids = None if torch.equal(ids, whole) else ids

    def permutation(self, epoch: int) -> Tensor | None:
        """Return the ids; None: the first samples as they lie."""
        return self._ids


class _Ids:
    """A sampler that yields these ids."""

    def __init__(self, ids: Tensor) -> None:
        self._ids = ids.tolist()

    def __iter__(self) -> Iterator[int]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)
