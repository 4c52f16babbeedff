"""Find the objects that may hold state beside the parts of a training."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from torch import Tensor

from stride.config.metrics import split_name
from stride.data.array_dataset import ArrayDataset
from stride.data.batches.memory import MemoryBatches
from stride.data.batches.user_loader import ResumableUserLoaderBatches, UserLoaderBatches
from stride.data.generators import is_stateful
from stride.data.samples import Source, StreamDataset
from stride.engine.checkpoint.attributes import Attributes
from stride.engine.checkpoint.unregistered import AttributeChanges, StatefulObjects
from stride.engine.optim.optimizers import part_name, schedules_by_part
from stride.engine.state import Stateful
from stride.engine.stop_consensus import PerRankState
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.callback_set import CallbackSet

Objects = Callable[[], Mapping[str, Any]]


class ObjectScan:
    """What is looked at and what is passed by, in one training.

    Args:
        assembly: data and model.
        callbacks: all of them.
        more: further objects to look at, by name.
        training: gives the training, once it is built: what it restores itself is passed by.
        restored: names of objects that restore themselves, beside the callbacks with a state.
    """

    def __init__(
        self,
        assembly: Assembly,
        callbacks: CallbackSet,
        more: Objects,
        training: Callable[[], Any],
        restored: Iterable[str] = (),
    ) -> None:
        self._assembly = assembly
        self._more = more
        self._session = training
        self._callbacks = {
            name: one for name, one in callbacks.named().items() if not _is_own(type(one))
        }
        self._restored = {*callbacks.stateful(), *restored}
        self.noticed = AttributeChanges(self._look)

    def parts(self) -> dict[str, Stateful]:
        """Return the parts of the state that hold what is found; restored in this order."""
        look = partial(self._look, numbers=False)  # no state is found in numbers
        return {
            "held": StatefulObjects(look, generators=False),
            "generators": PerRankState(StatefulObjects(look, generators=True)),
            "noticed": PerRankState(self.noticed),
        }

    def _look(self, *, numbers: bool = True) -> Attributes:
        model = self._assembly.model
        roots: dict[str, Any] = {"network": model.network, "criterion": model.criterion}
        roots |= {} if _is_own(type(model)) else {"model": model}
        datasets = dict(self._datasets())
        roots |= {**self._callbacks, **self._more(), **datasets}
        roots |= (moved := self._movers())
        roots |= (seeded := self._seeded())
        modules = [*model.network.modules(), *model.criterion.modules()]
        tensors = [*model.parameters(), *model.network.buffers(), *model.criterion.buffers()]
        known = [model, *modules, *tensors, *model.frozen.parts(), *self._restored_parts()]
        stateful = {name: one for name, one in datasets.items() if is_stateful(one)}
        found = Attributes(
            roots, known, {*self._restored, *stateful, *seeded, *moved}, numbers=numbers
        )
        found.stateful |= self._loaders() | stateful
        found.digests |= self._session().signs()
        return found

    def _restored_parts(self) -> list[Any]:
        """Return the objects that a training restores by itself, or builds again."""
        session, data = self._session(), self._assembly.data
        states = [state for one in session.optimizers.values() for state in one.state.values()]
        tensors = [value for state in states for value in state.values()]
        loaders = [data.train_loader, data.val_loader, data.test_loader]
        loaders += data.extra_loaders.values()
        own = [session, self._assembly, session.state, session.batches, data, *loaders]
        return [*own, *session.state.parts.values(), *tensors, *self._movers().values()]

    def _movers(self) -> dict[str, Any]:
        """Return optimisers and schedulers, which restore what is in their state dicts."""
        session = self._session()
        movers = {part_name("optimizer", n): one for n, one in session.optimizers.items()}
        movers |= {n: one.scheduler for n, one in schedules_by_part(session.schedule).items()}
        return {name: one for name, one in movers.items() if one is not None}

    def _seeded(self) -> dict[str, Any]:
        """Return what has its generators seeded, and whatever else it holds not put back."""
        batches = self._assembly.data.train_loader
        parts = {
            "sampler": getattr(getattr(batches, "order", None), "sampler", None),
            "collate function": getattr(batches, "collate", None),
            "transform": getattr(batches, "transform", None),
        }
        own = {name: part for name, part in parts.items() if part is not None}
        for split, transform in self._assembly.data.transforms.items():
            own[f"transform of {split_name(split)}"] = transform
        return own

    def _datasets(self) -> Iterator[tuple[str, Any]]:
        """Yield the user's data; a stream that says where it is, is its batches' to restore."""
        data = self._assembly.data
        plain = isinstance(data.train_loader, UserLoaderBatches) and not isinstance(
            data.train_loader, ResumableUserLoaderBatches
        )
        loaders = {"train": data.train_loader, "val": data.val_loader, "test": data.test_loader}
        loaders |= data.extra_loaders
        for split, source in data.sources.items():
            dataset = _users(source, loaders[split])
            follows = isinstance(source, StreamDataset) and is_stateful(dataset) and not plain
            if not _is_own(type(dataset)) and not follows:
                name = f"dataset of {split_name(split)}"
                yield "dataset" if split == "train" else name, dataset

    def _loaders(self) -> dict[str, Any]:
        """Return the loaders of evaluation that say and set where they are."""
        data = self._assembly.data
        splits = {"validation": data.val_loader, "test": data.test_loader, **data.extra_loaders}
        return {f"loader of {name}": one for name, one in splits.items() if _has_state(one)}


def _has_state(batches: Any) -> bool:
    """Tell whether evaluation changes where batches are, or what they draw from."""
    given = isinstance(batches, UserLoaderBatches)
    return batches.is_stateful() if given else is_stateful(batches)


def _is_own(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "stride"


def _users(source: Source, batches: Any) -> Any:
    """Return the object of the user's, or the numbers, that the batches of a split come from."""
    if isinstance(batches, UserLoaderBatches):
        return getattr(batches.loader, "dataset", batches.loader)
    if isinstance(batches, MemoryBatches):
        return list(batches.tensors)
    if isinstance(source, ArrayDataset):
        return [column for column in source.tensors if isinstance(column, Tensor)]
    return source.stream if isinstance(source, StreamDataset) else source.dataset
