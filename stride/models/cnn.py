"""A plain convolutional network with a dense head."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod

from torch import nn

from stride.models import blocks
from stride.models.blocks import Norm, Rate, Size


class CNN(nn.Sequential):
    """Map (N, channels, ...) to (N, *output_shape) by convolutions, pooling and dense layers.

    Args:
        input_shape: (channels, length), (channels, height, width) or with a depth.
        output_shape: shape of one output; empty for one number.
        channels: channels of each convolution, in order.
        kernel_size: size of all kernels.
        pooling: window of the maximum after each convolution; 1 for none. It is left out where
            the signal has become smaller than the window.
        hidden: widths of the dense layers between convolutions and output.
        activation: name of an activation in torch.nn.
        dropout: share of the units dropped in training, in the dense layers.
        norm: normalisation before each activation of a convolution: none, batch, layer or group.
    """

    def __init__(
        self,
        input_shape: Sequence[Size],
        output_shape: Sequence[Size],
        channels: Sequence[Size] = (32, 64),
        kernel_size: Size = 3,
        pooling: Size = 2,
        hidden: Sequence[Size] = (128,),
        activation: str = "ReLU",
        dropout: Rate = 0.0,
        norm: Norm = "batch",
    ) -> None:
        dims = blocks.signal_dims(list(input_shape), "CNN")
        layers: list[nn.Module] = []
        before, *sizes = input_shape
        for after in channels:
            layers += blocks.convolution(dims, before, after, kernel_size, activation, norm)
            if pooling > 1 and min(sizes) >= pooling:
                layers.append(blocks.max_pool(dims, pooling))
                sizes = [size // pooling for size in sizes]
            before = after
        layers.append(nn.Flatten(1))
        layers += _dense([before * prod(sizes), *hidden], list(output_shape), activation, dropout)
        super().__init__(*layers)


def _dense(widths: list[int], output_shape: list[int], name: str, rate: float) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), blocks.activation(name), *blocks.dropout(rate)]
    return [*layers, *blocks.head(widths[-1], output_shape)]
