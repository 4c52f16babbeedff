"""Build the data of a run from its config: loaders, what is known of the data, its digest."""

from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from stride.data.array_dataset import ArrayDataset
from stride.data.batches.base import Batches
from stride.data.batches.fetcher import FetchArrays, FetchSamples, sample_transform
from stride.data.batches.loader import LoaderBatches, WorkerStart
from stride.data.batches.memory import MemoryBatches, fits_in_memory
from stride.data.batches.sampler import BatchKey, BatchSamplerOrder, Order, SamplerOrder
from stride.data.batches.statistics import fit_statistics
from stride.data.batches.stream import stream_batches
from stride.data.data_info import DataInfo, describe
from stride.data.datasets import TRANSFORMS, OpenedDataset, find_transforms, open_dataset
from stride.data.normalize import NONE, Normalization
from stride.data.options import LoaderOptions, build_sampler, loader_options
from stride.data.samples import SampleDataset, Source, StreamDataset
from stride.data.split import SPLITS
from stride.distributed import Shard, shard
from stride.errors import DataError


@dataclass(frozen=True)
class Data:
    """The data of a run: loaders, statistics and fingerprint.

    Attributes:
        train_loader: batches to train on; None where the split was not asked for or is empty.
        val_loader: batches to validate on, likewise.
        test_loader: batches to test on, likewise.
        info: shapes, kinds and counts.
        normalization: the statistics applied to inputs, if any.
        fingerprint: digest of the content.
        extra_loaders: batches of further splits to evaluate, by name.
        sources: the splits as datasets of samples, not transformed.
        transforms: what changes each sample of a split that is evaluated, by split.
        inferred: keys of `dataset_kwargs` that only the data could tell, for the record.
        permutation: the method by which so many samples are divided and ordered; empty: by the
            user's own loaders.
    """

    train_loader: Batches | None
    val_loader: Batches | None
    test_loader: Batches | None
    info: DataInfo
    normalization: Normalization | None
    fingerprint: str
    extra_loaders: Mapping[str, Batches] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    transforms: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    inferred: Mapping[str, Any] = field(default_factory=dict)
    permutation: str = ""

    @property
    def samples(self) -> dict[str, int]:
        """Return how many samples each split has, further ones included, as far as it is known."""
        info = self.info
        counts = {"train": info.num_train, "val": info.num_val, "test": info.num_test}
        further = {name: self.sources.get(name) for name in self.extra_loaders}
        counts |= {name: len(one) for name, one in further.items() if isinstance(one, Sized)}
        return {split: count for split, count in counts.items() if count is not None}


def build_data(
    dataset: Mapping[str, Any],
    loader: Mapping[str, Any],
    *,
    seed: int,
    device: torch.device,
    splits: Sequence[str] = SPLITS,
    normalization: Normalization | None = None,
    ignored: int | None = None,
) -> Data:
    """Build the loaders of the splits from resolved `dataset_kwargs` and `load_data_kwargs`.

    Args:
        dataset: the resolved section `dataset_kwargs`.
        loader: the resolved section `load_data_kwargs`.
        seed: what the order of samples and their augmentation depend on, with the epoch.
        device: where the batches are wanted.
        splits: the splits to build.
        normalization: statistics to apply again; None: those of the training split, if asked for.
        ignored: a target that stands for no class.

    Raises:
        DataError: the data cannot be read, divided or batched so.
    """
    kinds = {key: dataset.get(key) or NONE for key in ("normalize", "normalize_targets")}
    to_fit = {*kinds.values()} != {NONE} and normalization is None
    wanted = [name for name in SPLITS if name in splits or (to_fit and name == "train")]
    opened = open_dataset(dataset, wanted, ignored=ignored)
    if to_fit:
        normalization = fit_statistics(kinds, opened.parts["train"], seed)
    kept = {split: part for split, part in opened.parts.items() if split in splits}
    kept |= dict(opened.extra)
    sources = {split: _normalized(part, normalization) for split, part in kept.items()}
    transforms = find_transforms(dataset)
    transforms |= {name: transforms["val"] for name in opened.extra if "val" in transforms}
    loaders: dict[str, Batches] = {}
    for split, source in sources.items():
        loaders[split] = make_batches(
            "val" if split in opened.extra else split,
            source,
            loader,
            seed=seed,
            device=device,
            normalization=normalization,
            transform=transforms.get(split),
        )
    return Data(
        train_loader=loaders.get("train"),
        val_loader=loaders.get("val"),
        test_loader=loaders.get("test"),
        info=_info(loaders, opened),
        normalization=normalization,
        fingerprint=opened.fingerprint,
        extra_loaders={name: loaders[name] for name in opened.extra},
        sources=sources,
        transforms={split: one for split, one in transforms.items() if split != "train"},
        inferred=opened.inferred,
        permutation=opened.permutation,
    )


def make_batches(
    split: str,
    source: Source,
    loader: Mapping[str, Any],
    *,
    seed: int,
    device: torch.device,
    normalization: Normalization | None,
    transform: Callable[..., Any] | None,
) -> Batches:
    """Make this process's batches of a split, each sample changed by the transform.

    Raises:
        DataError: the data cannot be batched so.
    """
    maker = BatchMaker(loader_options(loader, split), seed, device, shard())
    return maker.make(source, normalization, transform)


def batches_in_order(
    split: str,
    source: Source,
    loader: Mapping[str, Any],
    *,
    seed: int,
    device: torch.device,
    normalization: Normalization | None,
    transform: Callable[..., Any] | None = None,
    batch_size: int | None = None,
) -> Batches:
    """Make batches of all samples of a split in their order, none left out.

    Args:
        split: whose loader options hold.
        source: its samples.
        loader: the resolved section `load_data_kwargs`.
        seed: what a sample's augmentation depends on, where the dataset itself draws.
        device: where the batches are wanted.
        normalization: of the samples.
        transform: of each sample.
        batch_size: another one than the split's.
    """
    options = loader_options(loader, split)
    kept = {key: one for key, one in options.objects.items() if not key.endswith("sampler")}
    size = batch_size or options.batch_size
    whole = replace(options, batch_size=size, shuffle=False, drop_last=False, objects=kept)
    return BatchMaker(whole, seed, device).make(source, normalization, transform)


def _normalized(source: Source, normalization: Normalization | None) -> Source:
    """Normalise arrays; other datasets are normalised sample by sample when fetched."""
    if normalization is None or not isinstance(source, ArrayDataset):
        return source
    return source.normalize(normalization)


def _info(loaders: Mapping[str, Any], opened: OpenedDataset) -> DataInfo:
    if not loaders:
        raise DataError("none of the splits asked for has samples", where=f"dataset {opened.name}")
    batch = next(iter(loaders.values())).example()
    return describe(batch, opened.counts, opened.name, opened.classes, opened.num_classes)


@dataclass(frozen=True)
class BatchMaker:
    """Build the batches of a split by the kind of its data and the loader options."""

    options: LoaderOptions
    seed: int
    device: torch.device
    shard: Shard = Shard()  # noqa: RUF009 (a constant)

    def make(
        self,
        source: Source,
        normalization: Normalization | None,
        transform: Callable[..., Any] | None,
    ) -> Batches:
        """Make the batches of a split, from memory where possible.

        A dataset of arrays comes normalised already; samples are normalised on the way.
        """
        if isinstance(source, StreamDataset):
            return self._stream(source, normalization, transform)
        if self.options.in_memory:
            source, normalization = self._loaded(source, normalization)
        order = self._order(source)
        collate = self.options.objects.get("collate_fn")
        if isinstance(source, ArrayDataset):
            normalization = None
            if transform is None and source.in_memory and not self.options.sample_by_sample:
                return self._memory(source, order)
            if transform is None and collate is None:
                return LoaderBatches(FetchArrays(source), order, self.device, self._torch())
        finish = sample_transform(normalization, transform, self._key)
        fetch = FetchSamples(source, seed=self.seed, finish=finish, collate=collate)
        return LoaderBatches(fetch, order, self.device, self._torch())

    def _memory(self, source: ArrayDataset, order: Order) -> MemoryBatches:
        roomy_enough = self.options.in_memory or fits_in_memory(self.device, source.nbytes)
        storage = self.device if roomy_enough else torch.device("cpu")
        tensors = [t.to(storage).contiguous() for t in source.tensors if isinstance(t, Tensor)]
        return MemoryBatches(tensors, order, self.device)

    def _order(self, source: ArrayDataset | SampleDataset) -> Order:
        options = self.options
        common: dict[str, Any] = {"seed": self.seed, "shard": self.shard}
        if (sampler := options.objects.get("batch_sampler")) is not None:
            return BatchSamplerOrder(build_sampler(sampler, source), len(source), **common)
        size, drop_last = options.batch_size, options.drop_last
        if (sampler := options.objects.get("sampler")) is not None:
            return SamplerOrder(build_sampler(sampler, source), size, drop_last=drop_last, **common)
        if drop_last and len(source) < size * self.shard.world:
            raise DataError(
                f"drop_last leaves nothing of {len(source)} samples",
                where=f"load_data_kwargs.batch_size={size}",
                hint="type a smaller batch_size, or drop_last=false",
            )
        return Order(len(source), size, shuffle=options.shuffle, drop_last=drop_last, **common)

    def _stream(
        self,
        source: StreamDataset,
        normalization: Normalization | None,
        transform: Callable[..., Any] | None,
    ) -> Batches:
        for key in ("sampler", "batch_sampler"):
            if key in self.options.objects:
                raise DataError("a stream takes no sampler", where=f"load_data_kwargs.{key}")
        options = {**self._torch(), "drop_last": self.options.drop_last}
        return stream_batches(
            StreamDataset(source.stream, sample_transform(normalization, transform, self._key)),
            seed=self.seed,
            batch_size=self.options.batch_size,
            collate=self.options.objects.get("collate_fn"),
            device=self.device,
            options=options,
            shard=self.shard,
        )

    @property
    def _key(self) -> str:
        """Return where the transform of the samples stands."""
        return f"dataset_kwargs.{TRANSFORMS[self.options.split]}"

    def _torch(self) -> dict[str, Any]:
        """Return what DataLoader is given; memory is pinned only for a device that wants it."""
        options = dict(self.options.torch)
        if self.device.type == "cpu":
            options.pop("pin_memory", None)
        options["worker_init_fn"] = WorkerStart(self.options.objects.get("worker_init_fn"))
        return options

    def _loaded(
        self, source: ArrayDataset | SampleDataset, normalization: Normalization | None
    ) -> tuple[ArrayDataset, Normalization | None]:
        """Read all samples into memory, once and for all epochs."""
        if isinstance(source, ArrayDataset):
            return source.to_memory(), normalization
        finish = sample_transform(normalization, None, self._key)
        fetch = FetchSamples(source, seed=self.seed, finish=finish, collate=None)
        batch = fetch.__getitems__(BatchKey(0, list(range(len(source)))))
        columns = batch if isinstance(batch, (tuple, list)) else [batch]
        if not all(isinstance(column, Tensor) for column in columns):
            raise DataError(
                "only samples that are tuples of tensors and numbers can be kept in memory",
                where="load_data_kwargs.in_memory",
                hint="type in_memory=null",
            )
        return ArrayDataset(columns, classes=source.classes), None
