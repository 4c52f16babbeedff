"""A fully convolutional network: one output per position, or their mean, at any input size."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod

from torch import Tensor, nn

from stride.errors import ComponentError
from stride.models import blocks
from stride.models.blocks import Norm, Rate, Size


class FCNN(nn.Module):
    """Map (N, channels, ...) of any size to one output per position, or to one per sample.

    Which of both follows from output_shape: (outputs, *positions), or positions alone for one
    number each, is an output per position (segmentation, regression per pixel); anything else
    is the mean over all positions (classification, regression). The sizes are examples: only
    the number of channels, of axes and of outputs is built in.

    Args:
        input_shape: (channels, length), (channels, height, width) or with a depth.
        output_shape: (outputs,) or (outputs, *positions) or positions, or empty for one number.
        channels: channels of each convolution, in order.
        kernel_size: size of all kernels.
        activation: name of an activation in torch.nn.
        dropout: share of the values dropped in training, before the last convolution.
        norm: normalisation before each activation: none, batch, layer or group.
    """

    def __init__(
        self,
        input_shape: Sequence[Size],
        output_shape: Sequence[Size],
        channels: Sequence[Size] = (32, 64, 64),
        kernel_size: Size = 3,
        activation: str = "ReLU",
        dropout: Rate = 0.0,
        norm: Norm = "batch",
    ) -> None:
        super().__init__()
        dims = blocks.signal_dims(list(input_shape), "FCNN")
        kind = _output_kind(list(input_shape), list(output_shape))
        widths = [input_shape[0], *channels]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += blocks.convolution(dims, before, after, kernel_size, activation, norm)
        self.features = nn.Sequential(*layers)
        outputs = {"maps": prod(output_shape[:1]), "map": 1}.get(kind, prod(output_shape))
        self.head = nn.Sequential(
            *blocks.dropout(dropout), blocks.conv(dims, widths[-1], outputs, 1, bias=True)
        )
        self.finish = _finish(kind, dims, list(output_shape))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs per position, or their mean."""
        outputs: Tensor = self.finish(self.head(self.features(inputs)))
        return outputs


def _output_kind(input_shape: list[int], output_shape: list[int]) -> str:
    """Return "maps" (outputs, *positions), "map" (positions), or "mean"."""
    positions = input_shape[1:]
    if output_shape[1:] == positions:
        return "maps"
    if output_shape == positions and len(positions) > 1:
        return "map"
    if len(output_shape) > 1:
        raise ComponentError(
            f"FCNN gives one output per position of {tuple(positions)}, or one per sample, "
            f"not {tuple(output_shape)}",
            where="model_kwargs.output_shape",
            hint="model_kwargs.model_name=MLP gives any shape",
        )
    return "mean"


def _finish(kind: str, dims: int, output_shape: list[int]) -> nn.Module:
    if kind == "maps":
        return nn.Identity()
    if kind == "map":
        return nn.Flatten(0, 1)  # (N, 1, ...) to (N, ...)
    return nn.Sequential(blocks.mean_pool(dims), *blocks.reshape(output_shape))
