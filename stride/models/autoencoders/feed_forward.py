"""A dense autoencoder."""

from collections import OrderedDict
from collections.abc import Sequence
from math import prod
from typing import Annotated

from pydantic import Field
from torch import nn

from stride.models.autoencoders.sizes import default_code
from stride.models.blocks import Norm, Rate, Size
from stride.models.mlp import MLP

Widths = Annotated[Sequence[Size], Field(min_length=1)]


class FeedForwardAE(nn.Sequential):
    """Map (N, *input_shape) to itself through a narrow code, by dense layers.

    `encoder` gives the code (N, width of the code), which has no activation; `decoder` has the
    encoder's widths in reverse. Source: G. Hinton and R. Salakhutdinov, "Reducing the
    Dimensionality of Data with Neural Networks", Science 313, 2006.

    Args:
        input_shape: shape of one sample; flattened.
        hidden: widths of the encoder's layers, in order, the last that of the code; None: the
            half and the sixteenth of the numbers in a sample.
        activation: name of an activation in torch.nn, after each layer but the code and the output.
        dropout: share of the hidden units dropped in training.
        norm: normalisation before each activation: none, batch, layer or group.
    """

    def __init__(
        self,
        input_shape: Sequence[Size],
        hidden: Widths | None = None,
        activation: str = "ReLU",
        dropout: Rate = 0.0,
        norm: Norm = "none",
    ) -> None:
        numbers = prod(input_shape)
        widths = hidden or [-(-numbers // 2), default_code(input_shape)]
        *outer, code = widths
        encoder = MLP(input_shape, [code], outer, activation, dropout, norm)
        decoder = MLP([code], input_shape, outer[::-1], activation, dropout, norm)
        super().__init__(OrderedDict(encoder=encoder, decoder=decoder))
