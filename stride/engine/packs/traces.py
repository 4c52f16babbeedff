"""What a step leaves, to be compared bit by bit with that of the same step made otherwise."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from stride.engine.packs.member import Alone, Member
from stride.models.steps.step import Step

Trace = Iterator[tuple[str, Tensor]]


def trace(member: Member, step: Step, norms: Sequence[Tensor] = ()) -> Trace:
    """Yield the names and tensors of all that a step leaves, in the order in which it is made.

    Args:
        member: whose step it was.
        step: what it returned.
        norms: of the gradients, the last one that of this step; none where they are not known.
    """
    yield from reported(step, norms)
    for name, parameter in member.model.named_parameters():
        assert parameter.grad is not None
        yield f"the gradient of {name}", parameter.grad
    yield from member.model.state_dict().items()
    for name, parameter in member.model.named_parameters():
        for moment, value in member.optimizer.state[parameter].items():
            yield f"{moment} of {name}", value
    yield "the generator", member.generator.get_state()


def reported(step: Step, norms: Sequence[Tensor]) -> Trace:
    """Yield the names and tensors of what a step tells of itself."""
    yield "the loss", step.loss
    for norm in norms[-1:]:
        yield "the norm", norm


def difference(one: Trace, other: Trace) -> str:
    """Return the name of the first tensor whose bits differ, "" for none."""
    theirs = dict(other)
    return next((name for name, tensor in one if not same_bits(tensor, theirs[name])), "")


def same_bits(one: Tensor, other: Tensor) -> bool:
    """Tell whether two tensors of one shape and type have the same bits, zeros by their sign."""
    first, second = (tensor.detach().reshape(-1).view(torch.uint8) for tensor in (one, other))
    return torch.equal(first, second)


class SecondOpinion:
    """Make one step of a member again, alone, and compare.

    Args:
        member: as it is before the step.
    """

    def __init__(self, member: Member) -> None:
        self._member, self._copy = member, member.copied()

    def difference(self, batch: Any, step: Step) -> str:
        """Return in which tensor the step that the member has made differs, "" for none.

        Args:
            batch: of the step.
            step: what it returned.
        """
        again = Alone(self._copy).step(batch)
        return difference(trace(self._member, step), trace(self._copy, again))
