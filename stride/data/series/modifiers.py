"""Change series before they are trained on: average, noise, another number of points."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import torch
from pydantic import AfterValidator, Field
from torch import Tensor
from torch.nn import functional

from stride.data.seeding import generator
from stride.data.series.series import Series
from stride.data.split import SPLITS, Split


def _odd(points: int) -> int:
    if points % 2 == 0:
        raise ValueError(f"must be odd, as {points + 1}")
    return points


Odd = Annotated[int, Field(ge=1), AfterValidator(_odd)]
Points = Annotated[int, Field(ge=1)]
Deviation = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class Modifiers:
    """What is changed in the series of a dataset, in this order.

    Attributes:
        moving_average: points that each point becomes the mean of, itself in their middle; at
            the ends of a series of those that there are.
        noise: deviation of the normal noise that is added to each point, in units of the data.
        noise_seed: what the noise depends on, with the split and the number of the series.
        resample: points of each sample, on straight lines between those it had; None: as many.
    """

    moving_average: int = 1
    noise: float = 0.0
    noise_seed: int = 0
    resample: int | None = None

    def change(self, series: Series, split: Split) -> Series:
        """Return a series averaged and with noise."""
        values = torch.from_numpy(np.ascontiguousarray(series.values))
        if self.moving_average > 1:
            values = functional.avg_pool1d(
                values, self.moving_average, 1, self.moving_average // 2, count_include_pad=False
            )
        if self.noise:
            stream = generator(self.noise_seed, SPLITS.index(split), series.number)
            drawn = torch.randn(values.shape, generator=stream, dtype=torch.float64)
            values = values + self.noise * drawn
        return replace(series, values=values.numpy())

    def resampled(
        self, samples: Tensor, annotations: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return samples (N, C, L) and what is said of each point, with the points asked for.

        A new point is labelled where one of those was that it stands for.
        """
        points = self.resample or samples.shape[-1]
        if points == samples.shape[-1]:
            return samples, dict(annotations)
        new = functional.interpolate(samples, points, mode="linear", align_corners=True)
        told = {name: _any_of(one, points) for name, one in annotations.items()}
        return new, told


def _any_of(labels: Tensor, points: int) -> Tensor:
    """Return the largest label (N, L) of the points that each new one stands for."""
    pooled = functional.adaptive_max_pool1d(labels.float(), points)
    return pooled.to(labels.dtype)
