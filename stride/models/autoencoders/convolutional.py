"""An autoencoder of convolutions: of series, of their spectrum, or of both."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from stride.models import blocks
from stride.models.autoencoders.feed_forward import Widths
from stride.models.autoencoders.sizes import default_code, series_shape
from stride.models.autoencoders.spectrum import InverseSpectrum, Spectrum
from stride.models.blocks import Norm, Rate, Size

Pooling = Literal["stride", "max", "mean"]
_POOLS = {"max": nn.MaxPool1d, "mean": nn.AvgPool1d}


class CNNAE(nn.Sequential):
    """Map (N, channels, length) to itself through a narrow code, by convolutions.

    Each level of `encoder` is a convolution that divides the length, rounding up; a linear map of
    the last level is the code (N, code). `decoder` has the levels in reverse: values are repeated
    up to the length of the level above and then convolved, which leaves no checkerboard (A. Odena
    et al., "Deconvolution and Checkerboard Artifacts", Distill, 2016). With `fft`, such levels see
    the real and imaginary parts of the Fourier transform as channels, and give those of the
    output. Where both are seen, two encoders add up to the code, and two decoders to the series.

    Args:
        input_shape: (channels, length).
        channels: channels of the encoder's levels, in order; the decoder has them in reverse.
        kernel_size: size of all kernels.
        downsampling: by which each level divides the length; 1 for none.
        pooling: what divides it: stride of the convolution, or max or mean of so many points.
        code: width of the code; None: a sixteenth of the numbers in a sample.
        fft: what is seen and given: none, the points; only, their Fourier transform; both.
        activation: name of an activation in torch.nn, after each layer but the code and the output.
        dropout: share of the values dropped in training, after each activation.
        norm: normalisation before each activation: none, batch, layer or group.
    """

    def __init__(
        self,
        input_shape: Sequence[Size],
        channels: Widths = (32, 64),
        kernel_size: Size = 7,
        downsampling: Size = 2,
        pooling: Pooling = "stride",
        code: Size | None = None,
        fft: Literal["none", "both", "only"] = "none",
        activation: str = "ReLU",
        dropout: Rate = 0.0,
        norm: Norm = "none",
    ) -> None:
        seen, length = series_shape(input_shape, "CNNAE")
        width = code or default_code(input_shape)
        levels = Levels(channels, kernel_size, downsampling, pooling, activation, dropout, norm)
        encoders, decoders = [], []
        if fft != "only":
            encoders.append(levels.encoder(seen, length, width))
            decoders.append(levels.decoder(seen, length, width))
        if fft != "none":
            parts, bins = 2 * seen, length // 2 + 1
            encoders.append(nn.Sequential(Spectrum(), levels.encoder(parts, bins, width)))
            decoder = levels.decoder(parts, bins, width)
            decoders.append(nn.Sequential(decoder, InverseSpectrum(length)))
        super().__init__(OrderedDict(encoder=Sum(encoders), decoder=Sum(decoders)))


class Sum(nn.ModuleList):
    """Add what modules make of the same inputs."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the sum."""
        total: Tensor = reduce(torch.add, (module(inputs) for module in self))
        return total


@dataclass(frozen=True)
class Levels:
    """Build encoders and their decoders; the attributes are arguments of `CNNAE`."""

    channels: Sequence[int]
    kernel_size: int
    downsampling: int
    pooling: Pooling
    activation: str
    dropout: float
    norm: Norm

    def encoder(self, channels: int, length: int, code: int) -> nn.Sequential:
        """Build (N, channels, length) to (N, code)."""
        layers: list[nn.Module] = []
        for before, after in pairwise([channels, *self.channels]):
            layers += self._down(before, after)
        numbers = self.channels[-1] * self._lengths(length)[-1]
        return nn.Sequential(*layers, nn.Flatten(1), nn.Linear(numbers, code))

    def decoder(self, channels: int, length: int, code: int) -> nn.Sequential:
        """Build (N, code) to (N, channels, length)."""
        *above, last = self._lengths(length)
        deepest = self.channels[-1]
        layers = [nn.Linear(code, deepest * last), nn.Unflatten(1, (deepest, last))]
        pairs = pairwise([*self.channels[::-1], channels])
        for size, (before, after) in zip(above[::-1], pairs, strict=True):
            layers += [*self._finish(before), nn.Upsample(size), *self._convolution(before, after)]
        return nn.Sequential(*layers)

    def _lengths(self, length: int) -> list[int]:
        """Return the length before each level, and after the last."""
        lengths = [length]
        for _ in self.channels:
            lengths.append(-(-lengths[-1] // self.downsampling))
        return lengths

    def _down(self, before: int, after: int) -> list[nn.Module]:
        if self.pooling == "stride":
            return [*self._convolution(before, after, self.downsampling), *self._finish(after)]
        pool = _POOLS[self.pooling](self.downsampling, ceil_mode=True)
        return [*self._convolution(before, after), *self._finish(after), pool]

    def _convolution(self, before: int, after: int, stride: int = 1) -> list[nn.Module]:
        """Build a convolution that divides the length by stride, rounding up."""
        kernel = self.kernel_size
        # Padding of the convolution's own is the same on both sides: a kernel of 4 needs 1 and 2.
        around = nn.ConstantPad1d(((kernel - 1) // 2, kernel // 2), 0)
        return [around, nn.Conv1d(before, after, kernel, stride)]

    def _finish(self, channels: int) -> list[nn.Module]:
        """Build what follows a convolution: its normalisation, activation and dropout."""
        layers = blocks.norm(self.norm, channels, 1)
        return [*layers, blocks.activation(self.activation), *blocks.dropout(self.dropout)]
