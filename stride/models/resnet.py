"""Residual networks (He et al., 2015, arXiv 1512.03385), small and 18 layers deep."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from stride.models import blocks
from stride.models.blocks import Norm, Rate, Size

WIDTHS = {"small": (16, 32, 64), "18": (64, 128, 256, 512)}
BLOCKS = {"small": 1, "18": 2}  # in each stage
LARGE = 64  # inputs at least this long on their shorter side begin with stride 4


class ResNet(nn.Sequential):
    """Map (N, channels, ...) to (N, *output_shape) through stages of residual blocks.

    Each stage but the first halves the size. Inputs of at least 64 positions a side are first
    divided by four, as in the paper; smaller ones begin with a 3-wide convolution.

    Args:
        input_shape: (channels, length), (channels, height, width) or with a depth.
        output_shape: shape of one output; empty for one number.
        variant: "small" (three stages of one block) or "18" (four stages of two).
        widths: channels of each stage; by default those of the variant.
        activation: name of an activation in torch.nn.
        dropout: share of the features dropped in training, before the last layer.
        norm: normalisation after each convolution: none, batch, layer or group.
    """

    def __init__(
        self,
        input_shape: Sequence[Size],
        output_shape: Sequence[Size],
        variant: Literal["small", "18"] = "small",
        widths: Sequence[Size] | None = None,
        activation: str = "ReLU",
        dropout: Rate = 0.0,
        norm: Norm = "batch",
    ) -> None:
        dims = blocks.signal_dims(list(input_shape), "ResNet")
        chosen = list(widths or WIDTHS[variant])
        large = min(input_shape[1:]) >= LARGE
        layers = _stem(dims, input_shape[0], chosen[0], large, activation, norm)
        before = chosen[0]
        for stage, after in enumerate(chosen):
            for block in range(BLOCKS[variant]):
                stride = 2 if stage and not block else 1
                layers.append(Block(dims, before, after, stride, activation, norm))
                before = after
        layers += [
            blocks.mean_pool(dims),
            *blocks.dropout(dropout),
            *blocks.head(before, list(output_shape)),
        ]
        super().__init__(*layers)


class Block(nn.Module):
    """Add two convolutions to their input, which a 1-wide one brings to their shape if needed."""

    def __init__(
        self, dims: int, before: int, after: int, stride: int, name: str, kind: Norm
    ) -> None:
        super().__init__()
        bias = kind == "none"
        self.residual = nn.Sequential(
            blocks.conv(dims, before, after, 3, stride=stride, bias=bias),
            *blocks.norm(kind, after, dims),
            blocks.activation(name),
            blocks.conv(dims, after, after, 3, bias=bias),
            *blocks.norm(kind, after, dims),
        )
        same = stride == 1 and before == after
        shortcut = [blocks.conv(dims, before, after, 1, stride=stride, bias=bias)]
        self.shortcut = (
            nn.Identity() if same else nn.Sequential(*shortcut, *blocks.norm(kind, after, dims))
        )
        self.activation = blocks.activation(name)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return activation(shortcut(inputs) + residual(inputs))."""
        total = torch.add(self.shortcut(inputs), self.residual(inputs))
        outputs: Tensor = self.activation(total)
        return outputs


def _stem(
    dims: int, before: int, after: int, large: bool, name: str, kind: Norm
) -> list[nn.Module]:
    first = blocks.conv(
        dims, before, after, 7 if large else 3, stride=2 if large else 1, bias=False
    )
    pool = [blocks.max_pool(dims, 3, 2, 1)] if large else []
    return [first, *blocks.norm(kind, after, dims), blocks.activation(name), *pool]
