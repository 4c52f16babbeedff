"""Render a sample's inputs for a person: as an image, a table or text.

The forms are plain values, so that whoever draws them needs no torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

LARGEST = 512
"""Pixels along a side of an image, at most; a larger one is made smaller."""

_SMALLEST = 4  # a matrix with a shorter side is a table of numbers, not a picture
_MANY = 64  # numbers that a table shows
_CHANNELS = (1, 3, 4)


@dataclass(frozen=True)
class Picture:
    """An image.

    Attributes:
        width: in pixels.
        height: in pixels.
        pixels: red, green and blue of each, row by row from the top left.
    """

    width: int
    height: int
    pixels: bytes


@dataclass(frozen=True)
class Table:
    """Named values, and the number of those left out."""

    rows: tuple[tuple[str, str], ...]
    left_out: int = 0


@dataclass(frozen=True)
class Words:
    """Text as it is: the sample itself, or the path of a file."""

    text: str


Rendered = Picture | Table | Words


def render(inputs: Any, names: Sequence[str] = ()) -> Rendered:
    """Render the inputs of one sample for a person.

    Args:
        inputs: a tensor, an array, an image of Pillow, numbers, text, a path, or a mapping or
            sequence of them.
        names: of the values of a vector, where they are known.
    """
    if isinstance(inputs, Mapping):
        return _table([(str(name), _cell(value)) for name, value in inputs.items()])
    if callable(getattr(inputs, "convert", None)) and hasattr(inputs, "mode"):
        return _picture(torch.from_numpy(np.asarray(inputs.convert("RGB")).copy()).movedim(-1, 0))
    if isinstance(inputs, (np.ndarray, np.generic)) and inputs.dtype.kind in "biufc":
        inputs = torch.from_numpy(np.ascontiguousarray(inputs))
    if isinstance(inputs, Tensor):
        return _tensor(inputs.detach().cpu(), names)
    if isinstance(inputs, (list, tuple)):
        return _table([(_name(names, at), _cell(value)) for at, value in enumerate(inputs)])
    return Words(str(inputs))


def _tensor(inputs: Tensor, names: Sequence[str]) -> Rendered:
    if inputs.is_complex():
        inputs = inputs.abs()
    image = _channels(inputs)
    if image is not None:
        return _picture(image)
    if inputs.ndim <= 1:
        values = inputs.flatten().tolist()
        return _table([(_name(names, at), _number(value)) for at, value in enumerate(values)])
    return Words(_summary(inputs))


def _channels(inputs: Tensor) -> Tensor | None:
    """Return an image with its channels first, None for what has not the shape of one."""
    if inputs.ndim == 2 and min(inputs.shape) >= _SMALLEST:
        return inputs[None]
    if inputs.ndim != 3:
        return None
    if inputs.shape[0] in _CHANNELS and min(inputs.shape[1:]) > 1:
        return inputs
    if inputs.shape[2] in _CHANNELS and min(inputs.shape[:2]) > 1:
        return inputs.movedim(2, 0)
    return None


def _picture(image: Tensor) -> Picture:
    """Return an image of 1, 3 or 4 channels; what is transparent is over white."""
    levels = _levels(image)
    if len(levels) == 4:
        levels = levels[:3] * levels[3] + (1 - levels[3])
    factor = LARGEST / max(levels.shape[1:])
    if factor < 1:
        size = [max(1, round(side * factor)) for side in levels.shape[1:]]
        levels = interpolate(levels[None], size, mode="area")[0]
    rgb = (levels * 255).round().to(torch.uint8).expand(3, -1, -1)
    pixels = rgb.movedim(0, -1).contiguous().numpy().tobytes()
    return Picture(rgb.shape[2], rgb.shape[1], pixels)


def _levels(image: Tensor) -> Tensor:
    """Return an image's levels from 0 to 1; numbers of any other range are stretched to it."""
    levels = image.to(torch.float32)
    if image.dtype == torch.uint8:
        return levels / 255
    levels = levels.nan_to_num(0.0, 0.0, 0.0)
    low, high = float(levels.min()), float(levels.max())
    if low >= 0 and high <= 1:
        return levels
    return (levels - low) / (high - low) if high > low else torch.full_like(levels, 0.5)


def _table(rows: Sequence[tuple[str, str]]) -> Table:
    return Table(tuple(rows[:_MANY]), max(0, len(rows) - _MANY))


def _name(names: Sequence[str], at: int) -> str:
    return names[at] if at < len(names) else str(at)


def _cell(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        value = torch.from_numpy(np.ascontiguousarray(value))
    if isinstance(value, Tensor):
        return _number(value.item()) if value.numel() == 1 else _summary(value)
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _summary(inputs: Tensor) -> str:
    """Describe numbers that are too many to be shown."""
    shape = " x ".join(map(str, inputs.shape))
    if not inputs.numel():
        return f"{shape} numbers"
    low, high, mean = (f(inputs.double()).item() for f in (torch.min, torch.max, torch.mean))
    return f"{shape} numbers from {low:.4g} to {high:.4g}, mean {mean:.4g}"
