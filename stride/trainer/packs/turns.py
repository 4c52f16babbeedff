"""What is one for the whole process, for trainings that take turns: each finds it as it was."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from stride.data.seeding import GlobalState, read_globals, write_globals
from stride.engine.state import LAST, Stateful
from stride.trainer.fit.session import Session
from stride.trainer.process_state import compute_with, computing_settings


class OwnGenerators:
    """The random state of one of several trainings, and what torch computes with in its turn.

    Attributes:
        torch: what its steps draw from while another training, or none, has the process.
        settings: of torch, as a hook may have changed them; None before its first turn has ended.
    """

    def __init__(self) -> None:
        self.torch = torch.Generator()
        self.settings: Sequence[Any] | None = None
        self._globals: GlobalState | None = None  # of its own only once it had a turn

    def put_in_place(self) -> None:
        """Let generators and settings of the process stand where this training has left them."""
        if self._globals is not None:
            write_globals((*self._globals[:2], self.torch.get_state()))
        if self.settings is not None:
            compute_with(self.settings)

    def take_back(self) -> None:
        """Note where they stand."""
        self._globals, self.settings = read_globals(), computing_settings()
        self.torch.set_state(self._globals[2])


class Turns:
    """Give generators and settings of the process to one training at a time.

    Between two turns the settings are those of when this was made. To exchange all that in each
    step would take longer than the step. So it is exchanged where a training calls hooks, evaluates
    or saves its state; steps draw from `OwnGenerators.torch`.
    """

    def __init__(self) -> None:
        self._whose: OwnGenerators | None = None
        self._settings = computing_settings()

    def give(self, own: OwnGenerators) -> None:
        """Let a training have the generators, unless it has them."""
        if self._whose is not own:
            self.end()
            own.put_in_place()
            self._whose = own

    def are_of(self, own: OwnGenerators) -> bool:
        """Tell whether a training has them."""
        return self._whose is own

    def differ_for(self, own: OwnGenerators) -> bool:
        """Tell whether a training has changed what torch computes with; its turn ends by that."""
        if self._whose is own:
            self.end()
        return own.settings is not None and own.settings != self._settings

    def end(self) -> None:
        """Let no training have them."""
        if self._whose is not None:
            self._whose.take_back()
            self._whose = None
            compute_with(self._settings)


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
