"""Check what is logged as an artifact, and encode it: PNG, text or JSON."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from io import BytesIO
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from stride.config.metrics import RESERVED
from stride.runs.files.encoding import json_bytes
from stride.runs.files.png import COLOURS, png

_FORMS = "an image is HxW, HxWxC or CxHxW, with 1, 3 or 4 channels C"
_TYPES = "an image has uint8, or floating numbers from 0 to 1"


class Artifact(ABC):
    """What is logged beside metrics, held so that nothing changes it any more.

    Attributes:
        kind: as in artifacts.jsonl.
        suffix: of its file.
    """

    kind: ClassVar[str]
    suffix: str

    @abstractmethod
    def encoded(self) -> bytes:
        """Return the content of its file; called in the background.

        Raises:
            ValueError: the values are not those of such an artifact; says what to do.
        """


@dataclass(frozen=True)
class Text(Artifact):
    """A text, plain or Markdown."""

    kind: ClassVar[str] = "text"
    text: str
    suffix: str

    @classmethod
    def of(cls, text: str, *, markdown: bool) -> "Text":
        """Check a text.

        Raises:
            TypeError: it is something else.
        """
        if not isinstance(text, str):
            raise TypeError(f"a text is a str, not a {type(text).__name__}: give str(it)")
        return cls(text, ".md" if markdown else ".txt")

    def encoded(self) -> bytes:
        """Return it as UTF-8."""
        return self.text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Figure(Artifact):
    """A figure, as the picture that it was when it was logged."""

    kind: ClassVar[str] = "figure"
    picture: bytes
    suffix: str = ".png"

    @classmethod
    def of(cls, figure: Any) -> "Figure":
        """Draw a matplotlib figure, at once: it may change after, and belongs to this thread.

        Raises:
            TypeError: it is something else.
        """
        if not callable(getattr(figure, "savefig", None)):
            what = f"a figure is one of matplotlib, not a {type(figure).__name__}"
            raise TypeError(f"{what}: give `axes.figure`, or `log_image` of an array")
        file = BytesIO()
        figure.savefig(file, format="png")
        return cls(file.getvalue())

    def encoded(self) -> bytes:
        """Return the picture."""
        return self.picture


@dataclass(frozen=True)
class Image(Artifact):
    """An image, as a copy where it was computed: H x W x C, uint8 or floating from 0 to 1."""

    kind: ClassVar[str] = "image"
    pixels: Tensor
    suffix: str = ".png"

    @classmethod
    def of(cls, value: Any) -> "Image":
        """Copy an image without waiting for its device.

        Where both ends could be the channels, a tensor has them first and an array last.

        Raises:
            TypeError: it is neither a tensor nor an array, or one of other numbers.
            ValueError: it is of another shape.
        """
        tensor = _copied(value, "an image")
        if tensor.dtype != torch.uint8 and not tensor.is_floating_point():
            raise TypeError(f"{_TYPES}, not {_dtype(tensor)}: convert it, as by x.to(torch.uint8)")
        return cls(_channels_last(tensor, first=isinstance(value, Tensor)))

    def encoded(self) -> bytes:
        """Return it as PNG, of 8 bits a channel."""
        pixels = self.pixels.cpu()
        if pixels.dtype != torch.uint8:
            pixels = _as_bytes(pixels)
        height, width, channels = pixels.shape
        return png(width, height, pixels.contiguous().numpy().tobytes(), channels)


@dataclass(frozen=True)
class Histogram(Artifact):
    """How often values lie where, in bins of equal width from the smallest to the largest."""

    kind: ClassVar[str] = "histogram"
    values: Tensor
    bins: int
    suffix: str = ".json"

    @classmethod
    def of(cls, values: Any, bins: int) -> "Histogram":
        """Copy values of any shape without waiting for their device.

        Raises:
            TypeError: they are neither a tensor nor an array of real numbers.
            ValueError: there is not at least one bin.
        """
        if type(bins) is not int or bins < 1:
            raise ValueError(f"a histogram has 1 bin or more, not {bins!r}")
        tensor = _copied(values, "a histogram's values")
        if tensor.is_complex():
            raise TypeError("a histogram is of real numbers: give x.abs(), or x.real")
        return cls(tensor, bins)

    def encoded(self) -> bytes:
        """Return counts, the edges between the bins, and how many values are not finite."""
        values = self.values.cpu().double().flatten()
        finite = values[values.isfinite()]
        counts, edges = np.histogram(finite.numpy(), self.bins)
        found = {"counts": counts.tolist(), "edges": edges.tolist()}
        return json_bytes(found | {"nonfinite": len(values) - len(finite)}, indent=2)


def require_artifact_name(name: object) -> None:
    """Refuse a name that no metric could have, or that leads out of a folder of its own.

    Raises:
        TypeError: it is not a text.
        ValueError: says what is wrong with it.
    """
    if not isinstance(name, str):
        raise TypeError(f"the name of an artifact is a str, not a {type(name).__name__}")
    parts = name.split("/")
    if {"", ".", ".."} & {*parts} or "\\" in name or not name.isprintable():
        raise ValueError(f"{name!r} is not a name: write words with / between them, as train/masks")
    if name in RESERVED:
        raise ValueError(f"an artifact cannot be called {name!r}: each row has a {name} already")


def _copied(value: Any, what: str) -> Tensor:
    if isinstance(value, Tensor):
        return value.detach().clone()
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{what}: a tensor or an array, not a {type(value).__name__}")
    return torch.tensor(value)  # which refuses arrays of objects and texts


def _channels_last(tensor: Tensor, *, first: bool) -> Tensor:
    """Return an image as H x W x C, a view."""
    if tensor.ndim == 2:
        tensor = tensor[..., None]
    elif tensor.ndim == 3 and (first or tensor.shape[-1] not in COLOURS):
        # The other end where this one cannot be channels: that is checked below.
        tensor = tensor.movedim(0, -1) if tensor.shape[0] in COLOURS else tensor
    if tensor.ndim != 3 or tensor.shape[-1] not in COLOURS or not tensor.numel():
        what = f"{_FORMS}; this one has the shape {tuple(tensor.shape)}"
        raise ValueError(f"{what}: give one of a batch, as x[0]")
    return tensor


def _as_bytes(pixels: Tensor) -> Tensor:
    low, high = (float(end) for end in pixels.float().aminmax())
    if not (low >= 0 and high <= 1):
        raise ValueError(f"{_TYPES}; these go from {low:.4g} to {high:.4g}: scale or clamp them")
    return (pixels.float() * 255).round().to(torch.uint8)


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
