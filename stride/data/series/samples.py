"""Make samples of series: each a sample, or cut into windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stride.data.array_dataset import ArrayDataset
from stride.data.series.missing import Missing, fill_missing
from stride.data.series.modifiers import Modifiers
from stride.data.series.series import Series
from stride.data.split import Split
from stride.errors import DataError

Part = tuple[Tensor, Mapping[str, Tensor]]
"""Samples (N, C, L), and what is known of each beside them, by name (N, ...)."""


@dataclass(frozen=True)
class Preparation:
    """What is done to the series of one split before they are samples.

    Attributes:
        split: train, val or test.
        missing: what becomes of numbers that are missing.
        modifiers: what is changed after that.
    """

    split: Split
    missing: Missing = None
    modifiers: Modifiers = Modifiers()  # noqa: RUF009 (a constant)

    def prepare(self, series: Series) -> Series:
        """Return a series without missing numbers, changed."""
        return self.modifiers.change(fill_missing(series, self.missing), self.split)


def whole_samples(series: Sequence[Series], preparation: Preparation) -> ArrayDataset:
    """Return a dataset in which each series is a sample (channels, points), float32.

    Raises:
        DataError: series of different numbers of channels or points, or missing numbers.
    """
    _require_one_number_of_channels(series)
    if preparation.modifiers.resample is None:
        _require_one_length(series)
    return _joined([_sample(one, preparation) for one in series])


def _sample(whole: Series, preparation: Preparation) -> Part:
    """Return a series as one sample (1, C, L), and what is said of its points (1, L)."""
    series = preparation.prepare(whole)
    told = {name: torch.tensor(one)[None] for name, one in series.annotations.items()}
    return preparation.modifiers.resampled(_floats(series)[None], told)


def _joined(parts: Sequence[Part]) -> ArrayDataset:
    names = parts[0][1]
    return ArrayDataset(
        [torch.cat([values for values, _ in parts])],
        annotations={name: torch.cat([told[name] for _, told in parts]) for name in names},
    )


@dataclass(frozen=True)
class Windows:
    """How a series is cut.

    Attributes:
        length: points of a window.
        stride: points from the start of one window to that of the next. The last one ends with
            its series: where no stride is above the length, each point is in a window.
    """

    length: int
    stride: int

    def cut(self, series: Sequence[Series], preparation: Preparation) -> ArrayDataset:
        """Return a dataset of the windows (channels, points), float32; none crosses two series.

        Its annotations have, beside those of the points (N, points), the number of each window's
        `series` and that of its first point there, `start` (N,): not where they are resampled, as
        their points are then none of the series.

        Raises:
            DataError: a series shorter than a window, or missing numbers.
        """
        _require_one_number_of_channels(series)
        return _joined([self._cut_one(one, preparation) for one in series])

    def _cut_one(self, whole: Series, preparation: Preparation) -> Part:
        series, split = preparation.prepare(whole), preparation.split
        starts = self._starts(series, split)
        samples = _floats(series).unfold(1, self.length, 1)[:, starts].movedim(1, 0).contiguous()
        points = {
            name: torch.tensor(one).unfold(0, self.length, 1)[starts]
            for name, one in series.annotations.items()
        }
        new, told = preparation.modifiers.resampled(samples, points)
        told["series"] = torch.full((len(starts),), series.number)
        if new.shape == samples.shape:
            told["start"] = starts + series.first
        return new, told

    def _starts(self, series: Series, split: str) -> Tensor:
        last = len(series) - self.length
        if last < 0:
            raise DataError(
                f"{len(series):,} points in the {split} split, where a window has {self.length:,}",
                where=str(series.rows.path),
                hint="type a smaller dataset_kwargs.window, or give that split more points",
            )
        starts = torch.arange(0, last + 1, self.stride)
        return starts if starts[-1] == last else torch.cat([starts, torch.tensor([last])])


def _floats(series: Series) -> Tensor:
    return torch.from_numpy(series.values.astype(np.float32))


def _require_one_number_of_channels(series: Sequence[Series]) -> None:
    first = len(series[0].values)
    for one in series:
        if len(one.values) != first:
            raise DataError(
                f"{len(one.values)} channels, where the first series has {first}",
                where=one.rows.place(0),
                hint="leave it out, or give all the same channels",
            )


def _require_one_length(series: Sequence[Series]) -> None:
    first = len(series[0])
    for one in series:
        if len(one) != first:
            raise DataError(
                f"a series of {len(one)} points, where the first has {first}",
                where=one.rows.place(0),
                hint=f"type dataset_kwargs.resample={first}, which gives each so many points",
            )
