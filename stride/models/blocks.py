"""Building blocks of the built-in networks, for vectors, signals and images."""

from math import gcd, prod
from typing import Annotated, Literal

from pydantic import Field
from torch import nn

from stride.errors import ComponentError, nearest

Size = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(ge=0, lt=1)]
Norm = Literal["none", "batch", "layer", "group"]

GROUPS = 8
_CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
_BATCH_NORM = {0: nn.BatchNorm1d, 1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
_MAX_POOL = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
_MEAN_POOL = {1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}


def activation(name: str) -> nn.Module:
    """Build the activation of that name in torch.nn, such as ReLU, GELU, SiLU or Tanh.

    Raises:
        ComponentError: when torch.nn has no such activation.
    """
    known = nn.modules.activation.__all__
    if name not in known:
        by_lower_case = {k.lower(): k for k in known}
        word = by_lower_case.get(name.lower(), name)
        raise ComponentError(
            f"torch.nn has no activation {name!r}",
            where="model_kwargs.activation",
            hint=nearest(word, known) or "ReLU, GELU, SiLU and Tanh are some",
        )
    module: nn.Module = getattr(nn, name)()
    return module


def norm(kind: Norm, channels: int, dims: int) -> list[nn.Module]:
    """Build a normalisation of (N, channels, ...) with dims axes after the channels, or none."""
    if kind == "none":
        return []
    if kind == "batch":
        return [_BATCH_NORM[dims](channels)]
    return [nn.GroupNorm(1 if kind == "layer" else gcd(GROUPS, channels), channels)]


def dropout(rate: float) -> list[nn.Module]:
    """Build a dropout layer, or none for rate 0."""
    return [nn.Dropout(rate)] if rate else []


def conv(
    dims: int, channels_in: int, channels_out: int, kernel: int, *, stride: int = 1, bias: bool
) -> nn.Module:
    """Build a convolution that keeps the size (stride 1) or divides it, rounding up."""
    padding: int | str = "same" if stride == 1 else kernel // 2
    return _CONV[dims](channels_in, channels_out, kernel, stride, padding, bias=bias)


def convolution(
    dims: int, before: int, after: int, kernel: int, name: str, kind: Norm
) -> list[nn.Module]:
    """Build a convolution that keeps the size, its normalisation and its activation."""
    layer = conv(dims, before, after, kernel, bias=kind != "batch")
    return [layer, *norm(kind, after, dims), activation(name)]


def max_pool(dims: int, size: int, stride: int | None = None, padding: int = 0) -> nn.Module:
    """Build a maximum over windows of that size."""
    return _MAX_POOL[dims](size, stride, padding)


def mean_pool(dims: int) -> nn.Module:
    """Build the mean over all positions: (N, C, ...) to (N, C)."""
    return nn.Sequential(_MEAN_POOL[dims](1), nn.Flatten(1))


def signal_dims(input_shape: list[int], network: str) -> int:
    """Return how many axes follow the channels: 1 for (C, L), 2 for (C, H, W), 3 for (C, D, H, W).

    Raises:
        ComponentError: for a shape that is none of these.
    """
    dims = len(input_shape) - 1
    if dims not in _CONV:
        raise ComponentError(
            f"{network} wants inputs of shape (channels, length), (channels, height, width) "
            f"or (channels, depth, height, width), not {tuple(input_shape)}",
            where="model_kwargs",
            hint="model_kwargs.model_name=MLP takes any shape",
        )
    return dims


def head(features: int, output_shape: list[int]) -> list[nn.Module]:
    """Build the last layers: (N, features) to (N, *output_shape)."""
    return [nn.Linear(features, prod(output_shape)), *reshape(output_shape)]


def reshape(output_shape: list[int]) -> list[nn.Module]:
    """Build what brings (N, outputs) to (N, *output_shape); nothing where it is that."""
    if not output_shape:
        return [nn.Flatten(0)]
    return [nn.Unflatten(1, tuple(output_shape))] if len(output_shape) > 1 else []
