"""Take a user's own loader, iterable, or function that gives one, as it is."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch.utils.data import RandomSampler, SequentialSampler

from stride.data.batches.base import move, moved
from stride.data.build import Data
from stride.data.fingerprint import fingerprint
from stride.data.info import describe, num_classes
from stride.data.samples import Source, StreamDataset, as_source
from stride.data.seeding import read_globals, write_globals
from stride.distributed import world_size
from stride.errors import DataError

_OR = ", or let STRIDE load: dataset_kwargs"
_TRAINING = f"give it sampler=DistributedSampler(dataset){_OR}"
_EVALUATION = f"give it sampler=range(rank, len(dataset), world_size){_OR}"


class GivenBatches:
    """Give the batches of a user's loader, moved to the device where they are not on it.

    On the CPU an iteration is the loader's own, nothing in between. Its order is its own too:
    it draws from the global random state, as it would without STRIDE. With several ranks it is
    the loader's business to give each its share, in batches of as many samples.

    Attributes:
        loader: The user's object.
    """

    seekable = False

    def __init__(self, loader: Iterable[Any], device: torch.device) -> None:
        self.loader = loader
        self.device = device
        self.batch_size: int | None = getattr(loader, "batch_size", None)
        self.num_samples = _num_samples(loader)
        self._followers = [
            follower
            for owner in (loader, *_parts(loader))
            if callable(follower := getattr(owner, "set_epoch", None))
        ]

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Tell the epoch to whatever of the loader's parts has a set_epoch.

        Raises:
            DataError: A position other than 0.
        """
        if position:
            raise DataError(
                "your own loader cannot begin in the middle of an epoch",
                where="train_loader",
                hint="resume at an epoch's border, or give it state_dict and load_state_dict",
            )
        for follow in self._followers:
            follow(epoch)

    def __len__(self) -> int:
        return len(self.loader)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        return moved(self.loader, self.device)

    def shares(self) -> Iterator[tuple[Any, None]]:
        """Yield the loader's batches; each rank is taken to have as many samples."""
        return ((batch, None) for batch in self)

    def example(self) -> Any:
        """Return the loader's first batch; random state and loader are as before."""
        before = read_globals()
        try:
            return move(next(iter(self.loader)), self.device)
        except StopIteration:
            raise DataError("the loader gives no batch", where="train_loader") from None
        finally:
            write_globals(before)


class ResumableGivenBatches(GivenBatches):
    """Give the batches of a loader that can say and set where it is (StatefulDataLoader, say)."""

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Tell the epoch to the loader; the position is part of its state."""
        super().set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return the loader's own state."""
        return self.loader.state_dict()  # type: ignore[attr-defined, no-any-return]

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the loader go on where `state_dict` was taken."""
        self.loader.load_state_dict(state)  # type: ignore[attr-defined]

    def example(self) -> Any:
        """Return the loader's first batch, and put the loader back."""
        before = self.state_dict()
        try:
            return super().example()
        finally:
            self.load_state_dict(before)


class _Repeated:
    """Call a function at each iteration, since what it gives can be iterated only once."""

    def __init__(self, function: Callable[[], Iterator[Any]], first: Iterator[Any]) -> None:
        self.function = function
        self._first: Iterator[Any] | None = first

    def __iter__(self) -> Iterator[Any]:
        first, self._first = self._first, None
        return self.function() if first is None else first


def given(loader: Any, device: torch.device, name: str = "train_loader") -> GivenBatches:
    """Wrap a user's loader, iterable, or function without arguments that gives one.

    Raises:
        DataError: It gives no batches, or gives them only once.
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
    methods = (getattr(loader, method, None) for method in ("state_dict", "load_state_dict"))
    kind = ResumableGivenBatches if all(map(callable, methods)) else GivenBatches
    return kind(loader, device)


def _require_shared(loader: Any, name: str) -> None:
    """Refuse a loader that would give every rank the same samples.

    Raises:
        DataError: Its sampler knows nothing of ranks, and there are several; or it repeats
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


def given_data(
    train_loader: Any, val_loader: Any = None, test_loader: Any = None, *, device: torch.device
) -> Data:
    """Make the data of a run out of the user's own loaders.

    Raises:
        DataError: One of them gives no batches.
    """
    loaders = {"train": train_loader, "val": val_loader, "test": test_loader}
    batches = {
        split: given(loader, device, f"{split}_loader")
        for split, loader in loaders.items()
        if loader is not None
    }
    if not batches:
        raise DataError("no loader was given", where="train_loader")
    first = next(iter(batches.values()))
    sources = {split: _source(made.loader) for split, made in batches.items()}
    found = [num_classes(source) for source in sources.values()]
    info = describe(
        first.example(),
        {split: made.num_samples for split, made in batches.items()},
        _name(first.loader),
        next(iter(sources.values())).classes,
        max((number for number in found if number), default=None),
    )
    return Data(
        train_loader=batches.get("train"),
        val_loader=batches.get("val"),
        test_loader=batches.get("test"),
        info=info,
        normalization=None,
        fingerprint=fingerprint(sources),
        sources=sources,
    )


def _source(loader: Any) -> Source:
    """Return the loader's dataset, for its digest and classes; else the loader as a stream."""
    dataset = getattr(loader, "dataset", None)
    return StreamDataset(loader) if dataset is None else as_source(dataset, _name(loader))


def _name(loader: Any) -> str:
    return type(getattr(loader, "dataset", loader)).__name__


def _parts(loader: Any) -> list[Any]:
    """Return the objects in a loader which may want to know the epoch, each once."""
    batch_sampler = getattr(loader, "batch_sampler", None)
    owners = [
        getattr(loader, "sampler", None),
        batch_sampler,
        getattr(batch_sampler, "sampler", None),
        getattr(loader, "dataset", None),
    ]
    return list({id(owner): owner for owner in owners if owner is not None}.values())


def _num_samples(loader: Any) -> int | None:
    """Return the samples of an epoch: the sampler's, which may take fewer than there are."""
    for part in ("sampler", "dataset"):
        try:
            return len(getattr(loader, part))
        except (AttributeError, TypeError):
            continue
    return None
