"""The linear layer of all members, by the very products that F.linear makes for each of them."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def weight_gradient(gradient: Tensor, inputs: Tensor) -> Tensor:
    """Return the gradient of weights (members, out, in), in the orientation of F.linear's own.

    What torch derives of a batched product is the same product transposed, and rounds otherwise.
    """
    return torch.bmm(gradient.transpose(1, 2), inputs)


class Linear(torch.autograd.Function):
    """Map inputs (members, N, in) by weights (members, out, in) and biases (members, out)."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return the outputs, of shape (members, N, out)."""
        ctx.save_for_backward(inputs, weight)
        transposed = weight.transpose(1, 2)
        if bias is None:
            return torch.bmm(inputs, transposed)
        return torch.baddbmm(bias.unsqueeze(1), inputs, transposed)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, Tensor | None]:
        """Return the gradients of inputs, weights and biases."""
        inputs, weight = ctx.saved_tensors
        gradient = gradients[0].contiguous()  # as it lies in memory for a member alone
        of_inputs, _, of_bias = ctx.needs_input_grad
        return (
            torch.bmm(gradient, weight) if of_inputs else None,
            weight_gradient(gradient, inputs),
            gradient.sum(1) if of_bias else None,
        )
