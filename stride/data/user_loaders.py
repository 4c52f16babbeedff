"""Wrap a user's own loader, iterable, or function that returns one."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch.utils.data import RandomSampler, SequentialSampler

from stride.config.metrics import split_key, split_name_fault
from stride.data.batches.replayed import ReplayedBatches, is_replayable
from stride.data.batches.user_loader import ResumableUserLoaderBatches, UserLoaderBatches
from stride.data.build import Data
from stride.data.data_info import describe, most_classes
from stride.data.fingerprint import fingerprint
from stride.data.generators import is_stateful
from stride.data.samples import Source, StreamDataset, as_source
from stride.distributed import world_size
from stride.errors import DataError, nearest_name

_OR = ", or let STRIDE load: dataset_kwargs"
_TRAINING = f"give it sampler=DistributedSampler(dataset){_OR}"
_EVALUATION = f"give it sampler=range(rank, len(dataset), world_size){_OR}"


class _Repeated:
    """Call a function at each iteration, since its iterator can be consumed only once."""

    def __init__(self, function: Callable[[], Iterator[Any]], first: Iterator[Any]) -> None:
        self.function = function
        self._first: Iterator[Any] | None = first

    def __iter__(self) -> Iterator[Any]:
        first, self._first = self._first, None
        return self.function() if first is None else first


def user_batches(
    loader: Any, device: torch.device, name: str = "train_loader"
) -> UserLoaderBatches:
    """Wrap a user's loader, iterable, or function without arguments that gives one.

    Raises:
        DataError: it gives no batches, or gives them only once.
    """
    if not hasattr(loader, "__iter__") and callable(loader):
        made = loader()
        loader = _Repeated(loader, made) if isinstance(made, Iterator) else made
    if not hasattr(loader, "__iter__"):
        raise DataError(
            f"a {type(loader).__name__} gives no batches",
            where=name,
            hint="give a DataLoader, an iterable of batches, or a function that returns one",
        )
    if isinstance(loader, Iterator):
        raise DataError(
            "an iterator gives its batches only once",
            where=name,
            hint="give the function that makes it, without calling it",
        )
    _require_shared(loader, name)
    if is_stateful(loader):
        return ResumableUserLoaderBatches(loader, device)
    return (ReplayedBatches if is_replayable(loader) else UserLoaderBatches)(loader, device)


def _require_shared(loader: Any, name: str) -> None:
    """Refuse a loader that would give every rank the same samples.

    Raises:
        DataError: its sampler knows nothing of ranks, and there are several; or it repeats
            samples that are to be counted once.
    """
    if world_size() == 1:
        return
    sampler = getattr(loader, "sampler", None)
    hint = _TRAINING if name == "train_loader" else _EVALUATION
    if type(sampler) in (RandomSampler, SequentialSampler):
        what = f"the loader gives all {world_size()} processes the same samples"
        raise DataError(what, where=name, hint=hint)
    if name != "train_loader" and (more := _repeated(loader, sampler)) > 0:
        what = f"its {type(sampler).__name__} repeats {more} samples, which would count twice"
        raise DataError(what, where=name, hint=hint)


def _repeated(loader: Any, sampler: Any) -> int:
    """Return how many samples a sampler repeats to give each rank as many, if it says so."""
    total = getattr(sampler, "total_size", None)
    try:
        return total - len(loader.dataset) if isinstance(total, int) else 0
    except (AttributeError, TypeError):  # a dataset without a length
        return 0


def validation_loaders(given: Any) -> tuple[Any, dict[str, Any]]:
    """Return the loader of the validation split, and those of further splits by name.

    Of a dict of loaders it is the one called `validation`, or the first where none is.

    Raises:
        DataError: a name cannot be that of a split, or there is none.
    """
    if not isinstance(given, Mapping):
        return given, {}
    if not given:
        raise DataError("the dict has no loader", where="val_loader", hint="leave it out")
    others = dict(given)
    named = (name for name in given if split_key(name) == "val")
    main = others.pop(next(named, next(iter(given))))
    for name in others:
        if fault := split_name_fault(str(name)):
            what = f"a loader has the name {name!r}, {fault}"
            hint = nearest_name(name, lambda one: not split_name_fault(one))
            raise DataError(what, where="val_loader", hint=hint)
    return main, others


def data_from_loaders(
    train_loader: Any,
    val_loader: Any = None,
    test_loader: Any = None,
    *,
    device: torch.device,
    ignored: int | None = None,
) -> Data:
    """Make the data of a run out of the user's own loaders.

    The target to be ignored, if any, is not a class.

    Raises:
        DataError: one of them gives no batches.
    """
    val_loader, extra = validation_loaders(val_loader)
    loaders = {"train": train_loader, "val": val_loader, "test": test_loader}
    batches = {
        split: user_batches(loader, device, f"{split}_loader")
        for split, loader in loaders.items()
        if loader is not None
    }
    if not batches:
        raise DataError("no loader was given", where="train_loader")
    first = next(iter(batches.values()))
    others = {name: user_batches(loader, device, "val_loader") for name, loader in extra.items()}
    sources = {split: _source(made.loader) for split, made in {**batches, **others}.items()}
    info = describe(
        first.example(),
        {split: made.num_samples for split, made in batches.items()},
        _name(first.loader),
        next(iter(sources.values())).classes,
        most_classes(sources.values(), ignored),
    )
    return Data(
        train_loader=batches.get("train"),
        val_loader=batches.get("val"),
        test_loader=batches.get("test"),
        info=info,
        normalization=None,
        fingerprint=fingerprint(sources),
        extra_loaders=others,
        sources=sources,
    )


def _source(loader: Any) -> Source:
    """Return the loader's dataset, for its digest and classes; else the loader as a stream."""
    dataset = getattr(loader, "dataset", None)
    return StreamDataset(loader) if dataset is None else as_source(dataset, _name(loader))


def _name(loader: Any) -> str:
    return type(getattr(loader, "dataset", loader)).__name__
