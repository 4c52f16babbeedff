"""Normalise inputs by statistics of the training split, and remember them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from stride.errors import DataError

_KINDS = ("standard", "minmax")
NONE = "none"


@dataclass(frozen=True)
class Normalization:
    """Map inputs x to (x - shift) / scale, per channel (or per feature of flat inputs).

    Attributes:
        kind: "standard" (mean 0, deviation 1) or "minmax" (0 to 1), over the training split;
            "none" leaves inputs as they are.
        shift: one number per channel: the mean, or the minimum.
        scale: one number per channel: the deviation, or the range; 1 where that is 0.
        targets: that of the targets, which `apply` and `undo` leave alone; None: as they are.
    """

    kind: str
    shift: tuple[float, ...]
    scale: tuple[float, ...]
    targets: "Normalization | None" = None

    def apply(self, inputs: Tensor) -> Tensor:
        """Return a batch of inputs (N, C, ...) normalised, as floating numbers."""
        return self._apply(inputs, inputs.ndim - 1)

    def undo(self, outputs: Tensor) -> Tensor:
        """Return normalised numbers (N, C, ...) as those that they stand for."""
        if self.kind == NONE:
            return outputs
        shift, scale = self._statistics(outputs, outputs.ndim - 1, outputs.dtype)
        return outputs * scale + shift

    def apply_sample(self, inputs: Any) -> Any:
        """Return the inputs of one sample (C, ...) normalised, as floating numbers."""
        if self.kind == NONE:
            return inputs
        tensor = torch.as_tensor(inputs)
        return self._apply(tensor, tensor.ndim)

    def _apply(self, inputs: Tensor, sample_ndim: int) -> Tensor:
        if self.kind == NONE:
            return inputs
        channels = inputs.shape[inputs.ndim - sample_ndim] if sample_ndim else 1
        if channels != len(self.shift):
            raise DataError(
                f"inputs of {channels} channels do not fit a normalization of {len(self.shift)}",
                where="dataset_kwargs.normalize",
                hint="use the data that it was made from, or normalize=none",
            )
        dtype = inputs.dtype if inputs.is_floating_point() else torch.float32
        shift, scale = self._statistics(inputs, sample_ndim, dtype)
        return (inputs.to(dtype) - shift) / scale

    def _statistics(
        self, like: Tensor, sample_ndim: int, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor]:
        """Return shift and scale in the shape in which they belong to the channels."""
        shape = (-1, *[1] * (sample_ndim - 1)) if sample_ndim else ()
        shift = torch.tensor(self.shift, dtype=dtype, device=like.device).view(shape)
        scale = torch.tensor(self.scale, dtype=dtype, device=like.device).view(shape)
        return shift, scale

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON from which `from_json` makes an equal object."""
        values = {"kind": self.kind, "shift": list(self.shift), "scale": list(self.scale)}
        return values if self.targets is None else {**values, "targets": self.targets.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Normalization":
        """Make the normalization that `to_json` described.

        Raises:
            DataError: the values are of another form.
        """
        try:
            shift, scale = (tuple(map(float, values[key])) for key in ("shift", "scale"))
            if (kind := values["kind"]) not in (*_KINDS, NONE):
                raise ValueError(f"{kind!r} is not a kind of normalization")
            targets = values.get("targets")
            return cls(kind, shift, scale, None if targets is None else cls.from_json(targets))
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            what = f"these are not statistics of a normalization: {type(error).__name__} {error}"
            raise DataError(what) from error


AS_THEY_ARE = Normalization(NONE, (), ())
"""What leaves inputs alone."""


def fit_normalization(
    kind: str, batches: Iterable[Tensor], key: str = "normalize"
) -> Normalization:
    """Compute the statistics of all batches of inputs (N, C, ...), in one pass and in float64.

    The deviation is the population's, merged from batch to batch after Chan, Golub and LeVeque
    (1979), so that a large mean does not eat the digits of a small deviation.

    Raises:
        DataError: an unknown kind, or inputs that are NaN or infinite.
    """
    if kind not in _KINDS:
        raise DataError(
            f"no normalization {kind!r}",
            where=f"dataset_kwargs.{key}",
            hint="type one of: none, standard, minmax",
        )
    what = "the training inputs" if key == "normalize" else "the training targets"
    statistics = _standard(batches) if kind == "standard" else _minmax(batches)
    shift, scale = statistics
    if not (shift.isfinite().all() and scale.isfinite().all()):
        raise DataError(
            f"{what} hold NaN or infinite numbers, which no statistics survive",
            where=f"dataset_kwargs.{key}",
            hint=f"clean the data, or type {key}=none",
        )
    scale = torch.where(scale > 0, scale, 1.0)
    return Normalization(kind, tuple(shift.tolist()), tuple(scale.tolist()))


def _by_channel(inputs: Tensor) -> Tensor:
    flat = inputs.double()
    return flat.movedim(1, 0).flatten(1) if flat.ndim > 1 else flat[None]


def _standard(batches: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    count, mean, squares = 0, torch.zeros(()), torch.zeros(())
    for inputs in batches:
        values = _by_channel(inputs)
        variance, batch_mean = torch.var_mean(values, dim=1, correction=0)
        added = values.shape[1]
        total = count + added
        delta = batch_mean - mean
        squares = squares + variance * added + delta**2 * (count * added / total)
        mean = mean + delta * (added / total)
        count = total
    deviation = (squares / count).sqrt()
    # Rounding leaves a constant channel a deviation of about 1e-16 of its mean.
    return mean, torch.where(deviation > 1e-12 * mean.abs(), deviation, 0.0)


def _minmax(batches: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
    low, high = torch.tensor(torch.inf), torch.tensor(-torch.inf)
    for inputs in batches:
        values = _by_channel(inputs)
        low = torch.minimum(low.double(), values.amin(dim=1))
        high = torch.maximum(high.double(), values.amax(dim=1))
    return low, high - low
