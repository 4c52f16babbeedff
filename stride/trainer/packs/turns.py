"""Random generators of the process for trainings that take turns: each finds its own as it was."""

from collections.abc import Callable
from typing import Any

import torch

from stride.data.seeding import GlobalState, read_globals, write_globals
from stride.engine.state import LAST, Stateful
from stride.trainer.fit.session import Session


class OwnGenerators:
    """The random state of one of several trainings.

    Attributes:
        torch: what its steps draw from while another training, or none, has the process.
    """

    def __init__(self) -> None:
        self.torch = torch.Generator()
        self._globals: GlobalState | None = None  # of its own only once it had a turn

    def put_in_place(self) -> None:
        """Let the generators of the process stand where this training has left them."""
        if self._globals is not None:
            write_globals((*self._globals[:2], self.torch.get_state()))

    def take_back(self) -> None:
        """Note where they stand."""
        self._globals = read_globals()
        self.torch.set_state(self._globals[2])


class Turns:
    """Give the generators of the process to one training at a time.

    To exchange them in each step would take longer than the step. So they are exchanged where a
    training calls hooks, evaluates or saves its state; steps draw from `OwnGenerators.torch`.
    """

    def __init__(self) -> None:
        self._whose: OwnGenerators | None = None

    def give(self, own: OwnGenerators) -> None:
        """Let a training have the generators, unless it has them."""
        if self._whose is not own:
            self.end()
            own.put_in_place()
            self._whose = own

    def are_of(self, own: OwnGenerators) -> bool:
        """Tell whether a training has them."""
        return self._whose is own

    def end(self) -> None:
        """Let no training have them."""
        if self._whose is not None:
            self._whose.take_back()
            self._whose = None


def let_take_turns(session: Session, give: Callable[[], None]) -> None:
    """Have a training take its turn before it draws, or looks at where its generators stand.

    Args:
        session: of the training, before a loop of it is made.
        give: gives it the generators.
    """
    session.hooks.precede(give)
    parts = session.state.parts
    parts[LAST] = _InTurn(parts[LAST], give)


class _InTurn:
    """A part of the state that is read and set in its training's turn."""

    def __init__(self, part: Stateful, give: Callable[[], None]) -> None:
        self._part, self._give = part, give

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""
        self._give()
        return self._part.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take the state."""
        self._give()
        self._part.load_state_dict(state)
