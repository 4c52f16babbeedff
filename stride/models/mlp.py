"""A multilayer perceptron."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod

from torch import nn

from stride.models import blocks
from stride.models.blocks import Norm, Rate, Size


class MLP(nn.Sequential):
    """Map (N, *input_shape) to (N, *output_shape) through dense layers.

    Args:
        input_shape: shape of one sample; flattened.
        output_shape: shape of one output; empty for one number.
        hidden: widths of the hidden layers, in order; empty for a linear map.
        activation: name of an activation in torch.nn, after each hidden layer.
        dropout: share of the hidden units dropped in training.
        norm: normalisation before each activation: none, batch, layer or group.
    """

    def __init__(
        self,
        input_shape: Sequence[Size],
        output_shape: Sequence[Size],
        hidden: Sequence[Size] = (256, 256),
        activation: str = "ReLU",
        dropout: Rate = 0.3,
        norm: Norm = "layer",
    ) -> None:
        widths = [prod(input_shape), *hidden]
        layers: list[nn.Module] = [] if len(input_shape) == 1 else [nn.Flatten(1)]
        for before, after in pairwise(widths):
            layers += _layer(before, after, activation, dropout, norm)
        super().__init__(*layers, *blocks.head(widths[-1], list(output_shape)))


def _layer(before: int, after: int, name: str, rate: float, kind: Norm) -> list[nn.Module]:
    linear = nn.Linear(before, after, bias=kind != "batch")
    return [linear, *blocks.norm(kind, after, 0), blocks.activation(name), *blocks.dropout(rate)]
