"""What the networks of reinforcement learning begin with: observations through dense layers."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from stride.models import blocks
from stride.models.blocks import Size


class Observations(nn.Module):
    """Make observations of any type (N, ...) into rows of float32: bytes become 0 to 1."""

    def forward(self, observations: Tensor) -> Tensor:
        """Return (N, numbers in one observation)."""
        rows = observations.flatten(1).float()
        return rows / 255 if observations.dtype == torch.uint8 else rows


def dense(input_shape: Sequence[Size], hidden_sizes: Sequence[Size], name: str) -> nn.Sequential:
    """Build (N, *input_shape) to (N, features): an activation of that name after each layer."""
    layers: list[nn.Module] = [Observations()]
    for before, after in pairwise(widths(input_shape, hidden_sizes)):
        layers += [nn.Linear(before, after), blocks.activation(name)]
    return nn.Sequential(*layers)


def widths(input_shape: Sequence[Size], hidden_sizes: Sequence[Size]) -> list[int]:
    """Return how many numbers there are before and after each layer; the last: the features."""
    return [prod(input_shape), *hidden_sizes]
