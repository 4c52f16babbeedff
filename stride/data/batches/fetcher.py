"""Fetch the batch of a key, the same one in this process and in a worker."""

from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset, default_collate, get_worker_info

from stride.data.array_dataset import ArrayDataset
from stride.data.batches.sampler import BatchKey
from stride.data.generators import HeldGenerators
from stride.data.normalize import Normalization
from stride.data.samples import SampleDataset, map_inputs, map_pair, normalize_sample
from stride.data.seeding import (
    GLOBALS,
    GlobalGenerator,
    Seedable,
    advanced_since,
    mix,
    read_globals,
    seed_globals,
    write_globals,
)
from stride.errors import DataError

SAMPLE, MANY = 4, 5  # which of the random streams of a seed


class FetchArrays(Dataset[Any]):
    """Fetch whole batches from columns."""

    def __init__(self, source: ArrayDataset) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source)

    def __getitems__(self, key: BatchKey) -> tuple[Tensor, ...]:
        return self.source.take(torch.tensor(key.indices))


class FetchSamples(Dataset[Any]):
    """Fetch samples one by one, each under its own seed, and collate them.

    The global random state of the main process is after each batch as it was before. Seeding
    takes time and matters only to a generator that is drawn from: when a draw is first seen,
    that batch is made again, and from then on each sample has its seed. In a worker it always
    has. The batches are the same either way. A generator that the dataset, the transform or the
    collate function holds is seeded with each sample, too, and is in the main process after each
    batch as it was before.
    """

    def __init__(
        self,
        source: ArrayDataset | SampleDataset,
        *,
        seed: int,
        finish: Callable[[Any], Any] | None,
        collate: Callable[[list[Any]], Any] | None,
    ) -> None:
        self.source = source
        self.seed = seed
        self.finish = finish
        self.collate = collate or collate_samples
        own = getattr(source, "dataset", None)
        self._get_many = getattr(own, "__getitems__", None)
        self._set_epoch = getattr(own, "set_epoch", None)
        self._drawn: list[GlobalGenerator] = []
        self._held = HeldGenerators(dataset=own, transform=finish, collate_fn=collate)

    def __len__(self) -> int:
        return len(self.source)

    def __getitems__(self, key: BatchKey) -> Any:
        if callable(self._set_epoch):
            self._set_epoch(key.epoch)
        first = self._held.begin(key.epoch)
        batch = self._secluded(key)
        if first and self._held.refresh():  # the first sample made some that it draws from
            batch = self._secluded(key)
        return batch

    def _secluded(self, key: BatchKey) -> Any:
        if get_worker_info() is not None:
            return self._batch(key, GLOBALS)
        with self._held.preserve():
            return self._batch_of_main(key)

    def _batch_of_main(self, key: BatchKey) -> Any:
        before = read_globals()
        untouched = False
        try:
            batch = self._batch(key, self._drawn)
            while found := advanced_since(before, self._drawn):
                self._drawn.extend(found)
                batch = self._batch(key, self._drawn)
            untouched = not self._drawn
            return batch
        finally:
            if not untouched:
                write_globals(before)

    def _batch(self, key: BatchKey, known: Sequence[GlobalGenerator]) -> Any:
        drawn: Sequence[Seedable] = [*known, *self._held.generators]
        if callable(self._get_many) and isinstance(self.source, SampleDataset):
            samples = self._many(self.source.rows(key.indices), key, drawn)
        else:
            samples = self._one_by_one(key, drawn)
        return self.collate(samples)  # its draws go on from the last sample's

    def _one_by_one(self, key: BatchKey, drawn: Sequence[Seedable]) -> list[Any]:
        start = mix(self.seed, SAMPLE, key.epoch)
        samples = []
        for index in key.indices:
            if drawn:
                seed_globals(mix(index, start=start), drawn)
            sample = self.source[index]
            samples.append(sample if self.finish is None else self.finish(sample))
        return samples

    def _many(self, rows: list[int], key: BatchKey, drawn: Sequence[Seedable]) -> list[Any]:
        """Fetch several samples at once by `__getitems__`, under one seed."""
        if drawn:
            seed_globals(mix(self.seed, MANY, key.epoch, key.indices[0]), drawn)
        samples = list(self._get_many(rows))  # type: ignore[misc]
        return samples if self.finish is None else [self.finish(sample) for sample in samples]


def sample_transform(
    normalization: Normalization | None, transform: Callable[..., Any] | None, key: str
) -> Callable[[Any], Any] | None:
    """Return the function that normalises and then transforms a sample, if any."""
    if normalization is None and transform is None:
        return None
    return SampleTransform(normalization, transform, key)


class SampleTransform:
    """Normalise and transform a sample (a class: workers may have to pickle it).

    A transform of two required arguments is called once with input and target, and gives both.

    Args:
        normalization: of the run, None where samples come normalised.
        transform: of the split.
        key: of the config, that names the transform.
    """

    def __init__(
        self, normalization: Normalization | None, transform: Callable[..., Any] | None, key: str
    ) -> None:
        self.normalization = normalization
        self.transform = transform
        self.key = key
        self._map = map_pair if takes_pair(transform) else map_inputs

    def __call__(self, sample: Any) -> Any:
        if self.normalization is not None:
            sample = normalize_sample(sample, self.normalization)
        return sample if self.transform is None else self._map(sample, self.transform, self.key)


def takes_pair(transform: Callable[..., Any] | None) -> bool:
    """Tell whether a transform has two positional arguments that must be given."""
    called = transform.forward if isinstance(transform, nn.Module) else transform
    try:
        parameters = signature(called).parameters.values() if called is not None else ()
    except (TypeError, ValueError):  # some callables written in C do not tell
        return False
    positional = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    required = [one for one in parameters if one.kind in positional and one.default is one.empty]
    return len(required) == 2


def collate_samples(samples: list[Any]) -> Any:
    """Collate as torch does, but keep a tuple a tuple.

    Raises:
        DataError: the samples do not stack, for example images of different sizes.
    """
    try:
        batch = default_collate(samples)
    except (RuntimeError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"the samples do not stack into a batch: {reason}",
            where="load_data_kwargs",
            hint="make them of one shape and type, or give a collate_fn",
        ) from error
    return tuple(batch) if type(samples[0]) is tuple and type(batch) is list else batch
