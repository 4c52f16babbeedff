"""State that lives beside the parts of a training: what is saved of it, and what is only noticed.

A user's network, criterion, callbacks and datasets may hold generators, counters, annealed numbers
or a second optimiser. What has a state is saved and restored. A plain attribute is neither: that
training has changed it is found out at each checkpoint, and said when the run is resumed.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from stride.data.generators import KINDS
from stride.distributed import rank
from stride.engine.checkpoint.attributes import Attributes
from stride.engine.checkpoint.fidelity import same
from stride.engine.checkpoint.generators import set_state, state_of
from stride.engine.checkpoint.packing import Packer
from stride.engine.checkpoint.value_digest import UNREADABLE

Look = Callable[[], Attributes]

CHANGED = "changed while training and is not restored"
MADE = "was made while training and is not restored"
UNKNOWN = "has an iterator that cannot be read, nor put back where it was"

_NONE = Attributes({"it": SimpleNamespace(a=None)}).digests["it.a"]


class StatefulObjects:
    """What has a state and is held by something that has none, or not all: a part of the state.

    Args:
        look: finds it.
        generators: whether this is about random generators, else about all others.

    Attributes:
        unrestored: what was saved and could not be put back, with the reason.
    """

    def __init__(self, look: Look, *, generators: bool) -> None:
        self._look = look
        self._generators = generators
        self.unrestored: dict[str, str] = {}

    def _found(self) -> dict[str, Any]:
        return {
            path: thing
            for path, thing in self._look().stateful.items()
            if isinstance(thing, KINDS) == self._generators
        }

    def state_dict(self) -> dict[str, Any]:
        """Return all states by path; None for one that cannot be stored."""
        return {path: _storable(thing) for path, thing in self._found().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put every state back whose owner is there; note the others."""
        found = self._found()
        self.unrestored = {
            p: "is there, and was not in the checkpoint" for p in found.keys() - state
        }
        for path, saved in state.items():
            reason = "has a state that cannot be stored without pickle" if saved is None else ""
            if path not in found:
                reason = MADE
            elif not reason:
                reason = _put_back(found[path], saved)
            if reason:
                self.unrestored[path] = reason

    def load_others(self, states: Sequence[Mapping[str, Any]]) -> None:
        """Take the states of some rank, where another number of ranks has saved them."""
        self.load_state_dict(states[rank() % len(states)])


def _storable(thing: Any) -> Any:
    try:
        state = state_of(thing)
        Packer().pack(state, "")
    except Exception:  # it is not asked for by its owner: to name it is enough
        return None
    return state


def _put_back(thing: Any, state: Any) -> str:
    """Set a state; return what is wrong with it, empty where nothing is."""
    try:
        set_state(thing, copy.deepcopy(state))  # which is its own to change
        return "" if same(state_of(thing), state) else "is not what was saved"
    except Exception as error:
        return f"could not be put back: {' '.join(str(error).split())}"


class AttributeChanges:
    """What training has changed and no part of the state restores, by path.

    Args:
        look: finds all plain attributes.

    Attributes:
        unrestored: what was changed in the training that wrote the checkpoint, and is not now what
            it was then.
    """

    restores = False

    def __init__(self, look: Look) -> None:
        self._look = look
        self._before: Mapping[str, str] | None = None
        self._changed: Mapping[str, str | None] = {}
        self.unrestored: dict[str, str] = {}

    def begin(self) -> None:
        """Remember what there is before the first step; a further call changes nothing."""
        if self._before is None:
            self._before = self._look().digests

    def state_dict(self) -> dict[str, Any]:
        """Return the digests of what was changed, None for what is gone."""
        if self._before is None:
            return dict(self._changed)
        now, before = self._look().digests, self._before
        changed = [p for p in {**before, **now} if _is_other(before.get(p), now.get(p))]
        return {path: now.get(path) for path in sorted({*changed, *self._changed})}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Compare what was changed with what there is now, once everything else is put back."""
        self._changed = state
        now = self._look().digests
        self.unrestored = {
            path: _reason(digest, now.get(path))
            for path, digest in self._changed.items()
            if _is_other(digest, now.get(path))
        }

    def load_others(self, states: Sequence[Mapping[str, Any]]) -> None:
        """Take what some rank has noticed, where another number of ranks has saved it."""
        self.load_state_dict(states[rank() % len(states)])


def _reason(saved: str | None, now: str | None) -> str:
    if UNREADABLE in (saved, now):
        return UNKNOWN
    return MADE if now in (None, _NONE) else CHANGED


def _is_other(before: str | None, now: str | None) -> bool:
    """Tell whether a value is another, or may be."""
    return now == UNREADABLE or before != now
