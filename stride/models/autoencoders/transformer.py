"""An autoencoder of transformer layers over patches of series."""

import math
from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from stride.errors import ComponentError
from stride.models import blocks
from stride.models.autoencoders.sizes import default_code, series_shape
from stride.models.blocks import Rate, Size


class TransformerAE(nn.Sequential):
    """Map (N, channels, length) to itself through a narrow code, by self-attention over patches.

    `encoder` embeds patches of the series, adds their positions, and lets them attend to each
    other; a linear map of all of them is the code (N, code). `decoder` maps the code to a vector
    for each patch, adds positions, and turns what layers make of them into points. Sources: A.
    Vaswani et al., "Attention Is All You Need", NeurIPS 2017, arXiv 1706.03762; Y. Nie et al., "A
    Time Series is Worth 64 Words", ICLR 2023, arXiv 2211.14730, for the patches; R. Xiong et al.,
    "On Layer Normalization in the Transformer Architecture", ICML 2020, arXiv 2002.04745, for
    normalising before each sublayer.

    Args:
        input_shape: (channels, length).
        patch: points of a patch, of all channels; the last one is filled up with zeros.
        width: numbers that stand for a patch.
        heads: of the attention; they divide the width.
        depth: layers of the encoder, and of the decoder.
        feed_forward: width of the dense part of each layer; None: four times `width`.
        code: width of the code; None: a sixteenth of the numbers in a sample.
        activation: name of an activation in torch.nn, in the dense parts.
        dropout: share of the values dropped in training, in each layer.
    """

    def __init__(
        self,
        input_shape: Sequence[Size],
        patch: Size = 8,
        width: Size = 64,
        heads: Size = 4,
        depth: Size = 1,
        feed_forward: Size | None = None,
        code: Size | None = None,
        activation: str = "GELU",
        dropout: Rate = 0.0,
    ) -> None:
        channels, length = series_shape(input_shape, "TransformerAE")
        _require_divided(width, heads)
        patches, numbers = -(-length // patch), channels * patch
        narrow = code or default_code(input_shape)
        wide = feed_forward or 4 * width

        def layers() -> list[nn.Module]:
            made = [_layer(width, heads, wide, dropout, activation) for _ in range(depth)]
            return [Positions(patches, width), *made, nn.LayerNorm(width)]

        encoder = nn.Sequential(
            Patches(patch),
            nn.Linear(numbers, width),
            *layers(),
            nn.Flatten(1),
            nn.Linear(patches * width, narrow),
        )
        decoder = nn.Sequential(
            nn.Linear(narrow, patches * width),
            nn.Unflatten(1, (patches, width)),
            *layers(),
            nn.Linear(width, numbers),
            JoinedPatches(channels, length),
        )
        super().__init__(OrderedDict(encoder=encoder, decoder=decoder))


def _require_divided(width: int, heads: int) -> None:
    if width % heads:
        raise ComponentError(
            f"{heads} heads do not divide a width of {width}",
            where="model_kwargs.heads",
            hint=f"type: model_kwargs.width={-(-width // heads) * heads}",
        )


def _layer(width: int, heads: int, wide: int, rate: float, name: str) -> nn.Module:
    """Build a layer with weights of its own; `nn.TransformerEncoder` begins with equal ones."""
    return nn.TransformerEncoderLayer(
        width, heads, wide, rate, blocks.activation(name), batch_first=True, norm_first=True
    )


class Patches(nn.Module):
    """Cut (N, C, L) into (N, patches, C * patch), the last one filled up with zeros.

    Args:
        patch: points of a patch.
    """

    def __init__(self, patch: int) -> None:
        super().__init__()
        self.patch = patch

    def forward(self, series: Tensor) -> Tensor:
        """Return the patches in time."""
        filled = pad(series, (0, -series.shape[-1] % self.patch))
        return filled.reshape(*series.shape[:2], -1, self.patch).transpose(1, 2).flatten(2)


class JoinedPatches(nn.Module):
    """Join (N, patches, C * patch) to (N, C, L), without what the last one has too many.

    Args:
        channels: C.
        length: L.
    """

    def __init__(self, channels: int, length: int) -> None:
        super().__init__()
        self.channels, self.length = channels, length

    def forward(self, patches: Tensor) -> Tensor:
        """Return the series."""
        parts = patches.reshape(*patches.shape[:2], self.channels, -1)
        return parts.transpose(1, 2).flatten(2)[..., : self.length]


class Positions(nn.Module):
    """Add to (N, steps, width) sines and cosines of each step: section 3.5 of Vaswani et al.

    Args:
        steps: how many.
        width: numbers of a step.
    """

    sines: Tensor

    def __init__(self, steps: int, width: int) -> None:
        super().__init__()
        self.register_buffer("sines", positions(steps, width))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the sum."""
        return inputs + self.sines


def positions(steps: int, width: int) -> Tensor:
    """Return (steps, width): sin and cos, in turn, of step / 10000^(2i / width)."""
    pairs = torch.arange(0, width, 2)
    rates = torch.exp(pairs * (-math.log(10_000) / width))
    angles = torch.arange(steps).unsqueeze(1) * rates
    return torch.stack([angles.sin(), angles.cos()], 2).flatten(1)[:, :width]
