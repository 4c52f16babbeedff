"""What torch would derive otherwise than for a member alone, or in new memory at each step."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from stride.engine.packs.memory import Memory, NewMemory, ReusedMemory


@dataclass
class Room:
    """Where a function puts what it computes.

    Attributes:
        outputs: new memory for what the members are given.
        gradients: of the inputs; the function before has read them when the step is over.
    """

    outputs: Memory = field(default_factory=NewMemory)
    gradients: Memory = field(default_factory=ReusedMemory)


def weight_gradient(gradient: Tensor, inputs: Tensor, out: Tensor) -> Tensor:
    """Return the gradient of weights (members, out, in), in the orientation of F.linear's own.

    What torch derives of a batched product is the same product transposed, and rounds otherwise.
    """
    return torch.bmm(gradient.transpose(1, 2), inputs, out=out)


class Linear(torch.autograd.Function):
    """Map inputs (members, N, in) by weights (members, out, in) and biases (members, out).

    The products are those that F.linear makes for each member. The gradient of the weights goes
    where it belongs at once.
    """

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor | None, room: Room, out: Tensor
    ) -> Tensor:
        """Return the outputs, of shape (members, N, out).

        Args:
            ctx: of autograd.
            inputs: of all members.
            weight: likewise.
            bias: likewise, None for none.
            room: for outputs and gradients of inputs.
            out: takes the gradients of the weights.
        """
        ctx.save_for_backward(inputs, weight)
        ctx.room, ctx.out = room, out
        transposed = weight.transpose(1, 2)
        outputs = room.outputs.take((*inputs.shape[:2], weight.shape[1]))
        if bias is None:
            return torch.bmm(inputs, transposed, out=outputs)
        return torch.baddbmm(bias.unsqueeze(1), inputs, transposed, out=outputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of inputs, weights and biases."""
        inputs, weight = ctx.saved_tensors
        gradient = gradients[0].contiguous()  # as it lies in memory for a member alone
        of_inputs, _, of_bias, *_ = ctx.needs_input_grad
        room = ctx.room.gradients
        return (
            torch.bmm(gradient, weight, out=room.take(inputs.shape)) if of_inputs else None,
            weight_gradient(gradient, inputs, ctx.out),
            gradient.sum(1) if of_bias else None,
            None,
            None,
        )


class Rectifier(torch.autograd.Function):
    """ReLU, by the kernels that torch calls for it."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, room: Room) -> Tensor:
        """Return the outputs."""
        outputs = torch.clamp_min(inputs, 0, out=room.outputs.take(inputs.shape))
        ctx.save_for_backward(outputs)
        ctx.room = room
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Return the gradient of the inputs."""
        (outputs,) = ctx.saved_tensors
        room = ctx.room.gradients.take(outputs.shape)
        backward = torch.ops.aten.threshold_backward.grad_input
        return backward(gradients[0], outputs, 0, grad_input=room), None


class Exchange(torch.autograd.Function):
    """Exchange the first two dimensions, in memory too, of values and gradients alike.

    Where only one of them lies otherwise, the next function takes other instructions.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor) -> Tensor:
        """Return the outputs."""
        return inputs.transpose(0, 1).contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        """Return the gradient of the inputs."""
        return gradients[0].transpose(0, 1).contiguous()
