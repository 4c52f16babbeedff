"""Autoencoders of recurrent layers, LSTM and GRU."""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from stride.models import blocks
from stride.models.autoencoders.feed_forward import Widths
from stride.models.autoencoders.sizes import default_code, series_shape
from stride.models.blocks import Rate, Size

BuildLayer = Callable[[int, int], nn.Module]
"""Build a recurrent layer from the number of its inputs and its width."""

FORGET_BIAS = 2.0  # an LSTM begins with keeping sigmoid(2), seven eighths, from step to step


class RecurrentAE(nn.Sequential, ABC):
    """Map (N, channels, length) to itself through a narrow code, by recurrent layers.

    `encoder` reads the series point by point; a linear map of the last outputs is the code
    (N, code). `decoder` gets the code at each step, never its own outputs, and gives the points in
    reverse, the last one first.

    Args:
        input_shape: (channels, length).
        hidden: widths of the encoder's layers, in order; the decoder has them in reverse.
        code: width of the code; None: a sixteenth of the numbers in a sample.
        dropout: share of each layer's outputs dropped in training.
    """

    def __init__(
        self,
        input_shape: Sequence[Size],
        hidden: Widths = (64,),
        code: Size | None = None,
        dropout: Rate = 0.0,
    ) -> None:
        channels, length = series_shape(input_shape, type(self).__name__)
        width = code or default_code(input_shape)
        encoder = RecurrentEncoder(self.layer, [channels, *hidden], width, dropout)
        decoder = RecurrentDecoder(self.layer, [width, *hidden[::-1]], channels, length, dropout)
        super().__init__(OrderedDict(encoder=encoder, decoder=decoder))

    @staticmethod
    @abstractmethod
    def layer(inputs: int, width: int) -> nn.Module:
        """Build a recurrent layer of (N, steps, inputs)."""


class LSTMAE(RecurrentAE):
    """Map (N, channels, length) to itself through a narrow code, by LSTM layers.

    Sources: P. Malhotra et al., "LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection",
    2016, arXiv 1607.00148, for the points in reverse; N. Srivastava et al., "Unsupervised Learning
    of Video Representations using LSTMs", ICML 2015, arXiv 1502.04681, for a decoder that does not
    see its own outputs; R. Jozefowicz et al., "An Empirical Exploration of Recurrent Network
    Architectures", ICML 2015, for the bias of the forget gates.
    """

    @staticmethod
    def layer(inputs: int, width: int) -> nn.Module:
        """Build an LSTM layer of (N, steps, inputs)."""
        lstm = nn.LSTM(inputs, width, batch_first=True)
        with torch.no_grad():
            lstm.get_parameter("bias_ih_l0")[width : 2 * width] += FORGET_BIAS  # gates: i, f, g, o
        return lstm


class GRUAE(RecurrentAE):
    """Map (N, channels, length) to itself through a narrow code, by GRU layers.

    As `LSTMAE`, with the cell of K. Cho et al., "Learning Phrase Representations using RNN
    Encoder-Decoder for Statistical Machine Translation", EMNLP 2014, arXiv 1406.1078.
    """

    @staticmethod
    def layer(inputs: int, width: int) -> nn.Module:
        """Build a GRU layer of (N, steps, inputs)."""
        return nn.GRU(inputs, width, batch_first=True)


class RecurrentEncoder(nn.Module):
    """Map (N, channels, length) to (N, code) by layers that read point by point.

    Args:
        layer: builds a recurrent layer.
        widths: the channels, then the widths of the layers.
        code: width of the code.
        dropout: share of each layer's outputs dropped in training.
    """

    def __init__(self, layer: BuildLayer, widths: Sequence[int], code: int, dropout: float) -> None:
        super().__init__()
        self.layers = _layers(layer, widths, dropout)
        self.code = nn.Linear(widths[-1], code)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the code: a linear map of what the layers give at the last point."""
        code: Tensor = self.code(self.layers(inputs.mT)[:, -1])
        return code


class RecurrentDecoder(nn.Module):
    """Map (N, code) to (N, channels, length) by layers that get the code at each step.

    Args:
        layer: builds a recurrent layer.
        widths: the width of the code, then those of the layers.
        channels: of the series.
        length: of the series.
        dropout: share of each layer's outputs dropped in training.
    """

    def __init__(
        self, layer: BuildLayer, widths: Sequence[int], channels: int, length: int, dropout: float
    ) -> None:
        super().__init__()
        self.length = length
        self.layers = _layers(layer, widths, dropout)
        self.point = nn.Linear(widths[-1], channels)

    def forward(self, code: Tensor) -> Tensor:
        """Return the series, whose last point is made first."""
        steps = code.unsqueeze(1).expand(-1, self.length, -1)
        points: Tensor = self.point(self.layers(steps))
        return points.flip(1).mT


def _layers(layer: BuildLayer, widths: Sequence[int], rate: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [Outputs(layer(before, after)), *blocks.dropout(rate)]
    return nn.Sequential(*layers)


class Outputs(nn.Module):
    """Give the outputs of a recurrent layer at all steps, without its last state."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, steps: Tensor) -> Tensor:
        """Map (N, steps, features) to (N, steps, width)."""
        outputs: Tensor
        outputs, _ = self.layer(steps)
        return outputs
