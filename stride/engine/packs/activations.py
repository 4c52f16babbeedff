"""The kernels that torch calls for an activation and for its gradient."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

_aten: Any = torch.ops.aten


@dataclass(frozen=True)
class Kernels:
    """What torch calls for an activation.

    Attributes:
        forward: of the layer, inputs and memory for the outputs.
        backward: of the layer, gradient, what was kept, and memory for the gradient of the inputs.
        keeps_outputs: for the gradient; the inputs otherwise.
    """

    forward: Callable[[Any, Tensor, Tensor], Tensor]
    backward: Callable[[Any, Tensor, Tensor, Tensor], Tensor]
    keeps_outputs: bool = False


KERNELS: Mapping[type[nn.Module], Kernels] = {
    nn.ReLU: Kernels(
        lambda layer, x, out: torch.clamp_min(x, 0, out=out),
        lambda layer, g, y, out: _aten.threshold_backward.grad_input(g, y, 0, grad_input=out),
        keeps_outputs=True,
    ),
    nn.Tanh: Kernels(
        lambda layer, x, out: torch.tanh(x, out=out),
        lambda layer, g, y, out: _aten.tanh_backward.grad_input(g, y, grad_input=out),
        keeps_outputs=True,
    ),
    nn.Sigmoid: Kernels(
        lambda layer, x, out: torch.sigmoid(x, out=out),
        lambda layer, g, y, out: _aten.sigmoid_backward.grad_input(g, y, grad_input=out),
        keeps_outputs=True,
    ),
    nn.SiLU: Kernels(
        lambda layer, x, out: _aten.silu.out(x, out=out),
        lambda layer, g, x, out: _aten.silu_backward.grad_input(g, x, grad_input=out),
    ),
    nn.GELU: Kernels(
        lambda layer, x, out: _aten.gelu.out(x, approximate=layer.approximate, out=out),
        lambda layer, g, x, out: _aten.gelu_backward.grad_input(
            g, x, approximate=layer.approximate, grad_input=out
        ),
    ),
    nn.LeakyReLU: Kernels(
        lambda layer, x, out: _aten.leaky_relu.out(x, layer.negative_slope, out=out),
        lambda layer, g, x, out: _aten.leaky_relu_backward.grad_input(
            g, x, layer.negative_slope, False, grad_input=out
        ),
    ),
}
"""Of the activations that are common."""
