"""Make the batch that a key names, in this process or in a worker: always the same one."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset, default_collate, get_worker_info

from stride.data.columns import ArrayDataset
from stride.data.normalize import Normalization
from stride.data.sampler import BatchKey
from stride.data.samples import SampleDataset, with_inputs
from stride.data.seeding import mix, read_globals, same_globals, seed_globals, write_globals
from stride.errors import DataError

SAMPLE, BATCH = 4, 5  # which of the random streams of a seed


class FetchArrays(Dataset[Any]):
    """Read whole batches out of columns."""

    def __init__(self, source: ArrayDataset) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source)

    def __getitems__(self, key: BatchKey) -> tuple[Tensor, ...]:
        return self.source.take(torch.tensor(key.indices))


class FetchSamples(Dataset[Any]):
    """Get samples one by one, each under its own seed, and collate them.

    The global random state of the main process is as it was before each batch. A batch during
    which nothing was drawn needs no seeds: only after the first draw is seen are samples seeded
    one by one (and that first batch made again). In a worker they always are.
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
        self.collate = collate or stack
        own = getattr(source, "dataset", None)
        self._get_many = getattr(own, "__getitems__", None)
        self._set_epoch = getattr(own, "set_epoch", None)
        self._draws = False

    def __len__(self) -> int:
        return len(self.source)

    def __getitems__(self, key: BatchKey) -> Any:
        if get_worker_info() is not None:
            return self._batch(key, reseed=True)
        before = read_globals()
        undrawn = False
        try:
            batch = self._batch(key, self._draws)
            if not self._draws:
                undrawn = same_globals(before, read_globals())
                if not undrawn:
                    self._draws = True
                    batch = self._batch(key, reseed=True)
            return batch
        finally:
            if not undrawn:
                write_globals(before)

    def _batch(self, key: BatchKey, reseed: bool) -> Any:
        if callable(self._set_epoch):
            self._set_epoch(key.epoch)
        samples = self._samples(key, reseed)
        if self.finish is not None and callable(self._get_many):
            samples = [self.finish(sample) for sample in samples]
        if reseed:
            seed_globals(mix(self.seed, BATCH, key.epoch, 1, key.indices[0]))
        return self.collate(samples)

    def _samples(self, key: BatchKey, reseed: bool) -> list[Any]:
        if callable(self._get_many) and isinstance(self.source, SampleDataset):
            if reseed:
                seed_globals(mix(self.seed, BATCH, key.epoch, 0, key.indices[0]))
            return list(self._get_many(self.source.rows(key.indices)))
        samples = []
        for index in key.indices:
            if reseed:
                seed_globals(mix(self.seed, SAMPLE, key.epoch, index))
            sample = self.source[index]
            samples.append(sample if self.finish is None else self.finish(sample))
        return samples


def finisher(
    normalization: Normalization | None, transform: Callable[[Any], Any] | None
) -> Callable[[Any], Any] | None:
    """Return what is done to each sample: normalise its inputs, then transform them."""
    if normalization is None and transform is None:
        return None
    return Finisher(normalization, transform)


class Finisher:
    """Normalise and transform the inputs of a sample (a class: workers may have to pickle it)."""

    def __init__(
        self, normalization: Normalization | None, transform: Callable[[Any], Any] | None
    ) -> None:
        self.normalization = normalization
        self.transform = transform

    def __call__(self, sample: Any) -> Any:
        return with_inputs(sample, self._inputs)

    def _inputs(self, inputs: Any) -> Any:
        if self.normalization is not None:
            inputs = self.normalization.apply_sample(torch.as_tensor(inputs))
        return inputs if self.transform is None else self.transform(inputs)


def stack(samples: list[Any]) -> Any:
    """Collate as torch does, but keep a tuple a tuple.

    Raises:
        DataError: The samples do not stack, for example images of different sizes.
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
