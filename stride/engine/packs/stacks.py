"""Tensors of all members in one: each member's own tensor is a row of the stack."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

MOMENTS = ("step", "exp_avg", "exp_avg_sq")
"""What Adam and AdamW keep of a parameter, in torch's order."""


class Stack:
    """Tensors of one shape, as the rows of a larger one.

    Attributes:
        values: of shape (members, *shape).
        rows: views of it, one a member.
    """

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        self.values = torch.stack([tensor.detach() for tensor in tensors])
        self.rows = self.values.unbind()

    def adopt(self, tensors: Sequence[Tensor]) -> None:
        """Let the tensors that were stacked be the rows, under the names that they have."""
        for tensor, row in zip(tensors, self.rows, strict=True):
            tensor.data = row

    def holds(self, place: int, tensor: Tensor) -> bool:
        """Tell whether a tensor is a row still; somebody may have given it other memory."""
        return tensor.data_ptr() == self.rows[place].data_ptr()

    def release(self, place: int, tensor: Tensor) -> None:
        """Give a tensor memory of its own again, unless it has."""
        if self.holds(place, tensor):
            tensor.data = self.rows[place].clone()


class ParameterStack:
    """A parameter of all members, with its gradients and what its optimiser keeps of it.

    Attributes:
        parameters: the members' own.
        values: of shape (members, *shape).
        gradients: of the last step.
        moments: by the optimiser's names.
    """

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self.parameters = parameters
        self._values = Stack(parameters)
        self._values.adopt(parameters)
        self.values = self._values.values
        zeros = torch.zeros_like
        self.gradients = Stack(zeros(p) if p.grad is None else p.grad for p in parameters)
        counts = Stack(torch.zeros(()) for _ in parameters)
        self.moments = {name: Stack(map(zeros, parameters)) for name in MOMENTS} | {"step": counts}

    def holds(self, place: int) -> bool:
        """Tell whether a member's parameter is a row still."""
        return self._values.holds(place, self.parameters[place])

    def tie_moments(self, place: int, optimizer: Optimizer) -> None:
        """Take what a member's optimiser knows, zero where that is nothing, and be it from now."""
        held = optimizer.state[self.parameters[place]]
        for name, stack in self.moments.items():
            row = stack.rows[place]
            if (own := held.get(name)) is None:
                row.zero_()
            elif own is not row:
                row.copy_(own)
            held[name] = row

    def row(self, place: int) -> list[Tensor]:
        """Return a member's value, gradient and moments: first and second, then the count."""
        count, *moments = (self.moments[name].rows[place] for name in MOMENTS)
        return [self._values.rows[place], self.gradients.rows[place], *moments, count]

    def release(self, place: int, optimizer: Optimizer) -> None:
        """Give a member's parameter memory of its own again, with all that belongs to it."""
        parameter = self.parameters[place]
        self._values.release(place, parameter)
        if parameter.grad is self.gradients.rows[place]:
            parameter.grad = parameter.grad.clone()
        held: dict[str, Any] = optimizer.state.get(parameter, {})
        held.update({name: value.clone() for name, value in held.items()})
