"""Gather everything that resuming needs in one object with `state_dict`."""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from stride.distributed import rank, world_size
from stride.engine.epoch_losses import EpochLosses
from stride.errors import ComponentError

EVALUATED = "evaluated"
"""The name of what says after which step a training evaluated inside an epoch."""

LAST = "random"
"""The name of the part that is restored after all others."""


class Stateful(Protocol):
    """Whatever can give and take its state."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""

    def load_state_dict(self, state: dict[str, Any], /) -> Any:
        """Take the state."""


class _Passing:
    """Take the place of batches, and pass on what is asked of them."""

    def __init__(self, batches: Any) -> None:
        self._batches = batches
        self.batch_size: int | None = batches.batch_size

    @property
    def num_samples(self) -> int | None:
        """Return the samples of an epoch, over all processes, if that is known."""
        return getattr(self._batches, "num_samples", None)

    @property
    def interruptible(self) -> bool:
        """Return whether the making of a batch can be broken off."""
        return bool(self._batches.interruptible)

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Choose the epoch, and how many of its samples all ranks have consumed."""
        self._batches.set_epoch(epoch, position)

    def __len__(self) -> int:
        return len(self._batches)

    def batches_left(self, epoch: int, position: int) -> float:
        """Return how many global batches are left of an epoch."""
        left: float = self._batches.batches_left(epoch, position)
        return left

    def positions(self, epoch: int, position: int) -> Iterator[int]:
        """Yield the position after each global batch."""
        positions: Iterator[int] = self._batches.positions(epoch, position)
        return positions

    def shards(self) -> Iterator[Any]:
        """Yield this process's shares, as the batches do."""
        shards: Iterator[Any] = self._batches.shards()
        return shards


class LoaderState(_Passing):
    """Take the place of batches that say and set by themselves where they are.

    Their state is put back at the latest moment: `set_epoch` would undo it. Where no epoch is to
    be begun any more, `settle` puts it back.
    """

    def __init__(self, batches: Any) -> None:
        super().__init__(batches)
        self._pending: dict[str, Any] | None = None
        self._begun = False

    def set_epoch(self, epoch: int, position: int = 0) -> None:
        """Choose the epoch, and go on where a restored state says.

        Where a limit has cut the last epoch off, it is gone on with, as a resumed training does.
        """
        if self._begun and self._batches.max_batches is not None:
            self._pending = self.state_dict()
        super().set_epoch(epoch, position)
        self._begun = True
        self.settle()

    def settle(self) -> None:
        """Let the batches stand where a restored state says."""
        if self._pending is not None:
            self._batches.load_state_dict(self._pending)
            self._pending = None

    def __iter__(self) -> Iterator[Any]:
        return iter(self._batches)

    def load_others(self, states: Sequence[dict[str, Any]]) -> None:
        """Take the state of some rank: another number of ranks has divided the data otherwise."""
        self.load_state_dict(states[rank() % len(states)])

    def state_dict(self) -> dict[str, Any]:
        """Return where the batches are."""
        state: dict[str, Any] = self._batches.state_dict()
        return state if self._pending is None else self._pending

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Keep the state until the epoch is set."""
        self._pending = state


class RankShards(_Passing):
    """Take the place of batches on several ranks: give the shares of them, with their sizes."""

    def __init__(self, batches: Any) -> None:
        super().__init__(batches)
        self.batch_size = None if self.batch_size is None else self.batch_size * world_size()

    def __iter__(self) -> Iterator[Any]:
        return self.shards()


def shard_batches(batches: Any) -> Any:
    """Return what the loop draws from: the batches, on several ranks their shares."""
    return RankShards(batches) if world_size() > 1 else batches


class Latest(dict[str, float]):
    """The newest value of each metric, as a part of the state."""

    def state_dict(self) -> dict[str, Any]:
        """Return the values."""
        return dict(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Set the values."""
        self.clear()
        self.update(state)


class TrainState:
    """Where a training stands, and the parts that a checkpoint holds.

    Attributes:
        step: optimiser updates done.
        epoch: completed epochs.
        position: samples consumed in the current epoch, over all processes, as the batches count
            them: a user's loader that does not say how many a batch has counts batches.
        evaluated: the last step after which the training evaluated inside an epoch.
        drawn: samples of the epochs that this object saw completed, over all processes.
        hooks_done_step: the last step whose hooks have all run, 0 outside of an epoch's batches;
            what was logged up to it can be written from another thread.
        parts: everything else, by name; each has `state_dict` and `load_state_dict`. They are
            restored in their order.
        early: the names of those by which it is known what is left to train.
    """

    __slots__ = (
        "drawn",
        "early",
        "epoch",
        "evaluated",
        "hooks_done_step",
        "parts",
        "position",
        "step",
    )

    def __init__(self, **parts: Stateful) -> None:
        self.step = 0
        self.epoch = 0
        self.position = 0
        self.evaluated = 0
        self.drawn = 0
        self.hooks_done_step = 0
        self.parts = parts
        self.early = {"stop"}

    def register(self, name: str, part: Stateful, *, first: bool = False) -> None:
        """Add a part to what checkpoints hold.

        Args:
            name: under which it is stored.
            part: has `state_dict` and `load_state_dict`.
            first: whether it is restored before all others, and already when it is to be found
                out what is left to train; else after them, and before the random state.

        Raises:
            ComponentError: there is a part of that name, it is not a file name, or the part has
                no state.
        """
        where = "session.state.register"
        if name in self.parts or name in ("counters", EVALUATED):
            what, hint = f"the state has a part {name!r} already", "give yours another name"
            raise ComponentError(what, where=where, hint=hint)
        if not re.fullmatch(r"\w[\w-]*", name):  # a file of the checkpoint is called so
            what, hint = f"a part cannot be called {name!r}", "use letters, digits, - and _"
            raise ComponentError(what, where=where, hint=hint)
        if not all(hasattr(part, method) for method in ("state_dict", "load_state_dict")):
            what = f"the part {name!r} has no state: it is of {type(part).__name__}"
            hint = "give it state_dict() and load_state_dict(state)"
            raise ComponentError(what, where=where, hint=hint)
        if first:
            self.early.add(name)
            self.parts = {name: part, **self.parts}
            return
        # Restoring may draw: the random state is put back after everything else.
        last = {LAST: self.parts.pop(LAST)} if LAST in self.parts else {}
        self.parts = {**self.parts, name: part, **last}

    def is_finite(self) -> bool:
        """Tell whether all losses of the epoch so far are finite (waits for the device)."""
        losses = self.parts.get("tally")
        losses = getattr(losses, "part", losses)
        return not isinstance(losses, EpochLosses) or losses.first_nonfinite() is None

    def state_dict(self) -> dict[str, Any]:
        """Return counters and the state of every part, by name."""
        counters = {"step": self.step, "epoch": self.epoch, "position": self.position}
        evaluated = {EVALUATED: {"step": self.evaluated}} if self.evaluated else {}
        parts = {name: part.state_dict() for name, part in self.parts.items()}
        return {"counters": counters, **evaluated, **parts}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take counters and the state of every part that is in the state; the others stay.

        Each part is given a copy that is its own to keep and to change.
        """
        for name, part in self.parts.items():
            if name in state:
                part.load_state_dict(copy.deepcopy(state[name]))
        counters = state["counters"]
        self.step, self.epoch = counters["step"], counters["epoch"]
        self.position = counters["position"]
        self.evaluated = state.get(EVALUATED, {"step": 0})["step"]
