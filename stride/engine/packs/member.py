"""A member of a pack: what one training brings to the step that several make together."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from stride.engine.optim.optimizers import SINGLE, Optimizers
from stride.engine.precision import Precision
from stride.engine.update import Update
from stride.models.model import Model
from stride.models.steps.step import Step


def _forget(norm: Tensor) -> None:
    """Ignore the norm."""


@dataclass(frozen=True)
class Member:
    """One training of a pack.

    Attributes:
        model: network and criterion.
        optimizer: moves all parameters of the network.
        generator: what its steps draw from.
        clip_grad_norm: the largest norm over all its gradients, None for any.
        measure_norm: whether the norm is computed where nothing is clipped.
        note_norm: called with the norm of all its gradients before they are clipped.
    """

    model: Model
    optimizer: Optimizer
    generator: torch.Generator = field(default_factory=torch.Generator)
    clip_grad_norm: float | None = None
    measure_norm: bool = False
    note_norm: Callable[[Tensor], None] = _forget

    @property
    def wants_norm(self) -> bool:
        """Tell whether anything asks for the norm of the gradients."""
        return self.measure_norm or self.clip_grad_norm is not None

    def copied(self, note_norm: Callable[[Tensor], None] = _forget) -> "Member":
        """Return a copy that shares nothing with this one, and tells its norms to another."""
        rows = {id(one): one.detach().clone() for one in self._tensors()}  # not their whole stacks
        model, optimizer = copy.deepcopy((self.model, self.optimizer), rows)
        generator = torch.Generator()
        generator.set_state(self.generator.get_state())
        parts: dict[str, Any] = {"model": model, "optimizer": optimizer, "generator": generator}
        return replace(self, **parts, note_norm=note_norm)

    def _tensors(self) -> Iterator[Tensor]:
        """Yield what network and optimiser hold beside the parameters, which copy themselves."""
        yield from self.model.network.buffers()
        for held in self.optimizer.state.values():
            yield from held.values()


class Alone:
    """The step of a member without a pack: what that of a pack has to equal, bit by bit."""

    def __init__(self, member: Member) -> None:
        self._generator = member.generator
        self._update = Update(
            member.model,
            Optimizers({SINGLE: member.optimizer}),
            Precision("fp32", torch.device("cpu")),
            clip_grad_norm=member.clip_grad_norm,
            measure_norm=member.measure_norm,
            note_norm=member.note_norm,
        )
        self._update.train()

    def step(self, batch: Any) -> Step:
        """Make one update; return its step."""
        with drawing_from(self._generator):
            step = self._update.gradients([batch])
            self._update.apply([batch], step)
        return step


@contextmanager
def drawing_from(generator: torch.Generator) -> Iterator[None]:
    """Let torch draw from a member's generator in the block, on the CPU."""
    before = torch.get_rng_state()
    torch.set_rng_state(generator.get_state())
    try:
        yield
    finally:
        generator.set_state(torch.get_rng_state())
        torch.set_rng_state(before)
