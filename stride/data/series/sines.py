"""Generate sines, with stretches of another sine blended into some of them: the anomalies."""

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stride.data.array_dataset import ArrayDataset
from stride.data.seeding import generator
from stride.data.series.modifiers import Deviation, Points
from stride.data.series.series import LABELS
from stride.data.split import SPLITS, Split
from stride.errors import DataError

Rate = Annotated[float, Field(ge=0, le=1)]
Ratio = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]

PERIODS = (2.0, 5.0)  # of a sample, the fewest and the most
AMPLITUDES = (0.5, 1.5)


def sines(
    split: Split,
    num_train: Points = 512,
    num_val: Count = 128,
    num_test: Count = 256,
    channels: Points = 1,
    length: Points = 128,
    anomaly_rate: Rate = 0.5,
    train_anomaly_rate: Rate = 0.0,
    anomaly_length: Points = 32,
    anomaly_frequency: Ratio = 3.0,
    anomaly_strength: Rate = 1.0,
    noise: Deviation = 0.05,
    data_seed: int = 0,
) -> ArrayDataset | None:
    """Generate sines (channels, length) of random frequency, phase and amplitude.

    In an anomaly a sine of another frequency is blended in: its share grows from 0 at the ends of
    a stretch to the full strength in its middle, as sin², while that of the first falls, so that
    no point jumps. All channels of a sample have it at the same points, which are labelled.

    Args:
        split: train, val or test.
        num_train: samples to train on.
        num_val: samples to validate on.
        num_test: samples to test on.
        channels: channels of a sample, each a sine of its own.
        length: points of a sample.
        anomaly_rate: share of the samples to test on that have an anomaly.
        train_anomaly_rate: likewise of those to train and to validate on.
        anomaly_length: points of an anomaly.
        anomaly_frequency: frequency of the sine blended in, over that of the channel's own.
        anomaly_strength: share of that sine in the middle of an anomaly.
        noise: deviation of normal noise added to each point.
        data_seed: what all of it depends on, with the split.

    Raises:
        DataError: an anomaly longer than a sample.
    """
    count = {"train": num_train, "val": num_val, "test": num_test}[split]
    if anomaly_length > length:
        what = f"an anomaly of {anomaly_length} points does not fit into a sample of {length}"
        where = "dataset_kwargs.anomaly_length"
        raise DataError(what, where=where, hint=f"type {where}={length // 4 or 1}")
    if not count:
        return None
    draw = Draw(generator(data_seed, SPLITS.index(split)))
    shape = (count, channels, 1)
    periods, amplitude = draw.between(*PERIODS, shape), draw.between(*AMPLITUDES, shape)
    phase, other_phase = (draw.between(0, 2 * math.pi, shape) for _ in range(2))
    time = torch.arange(length, dtype=torch.float64) / length
    plain = torch.sin(2 * math.pi * periods * time + phase)
    other = torch.sin(2 * math.pi * anomaly_frequency * periods * time + other_phase)
    chosen = draw.some(count, anomaly_rate if split == "test" else train_anomaly_rate)
    starts = draw.between(0, length - anomaly_length + 1, (count,)).long()
    share, labels = _stretches(starts, chosen, length, anomaly_length)
    share = anomaly_strength * share[:, None]
    values = amplitude * ((1 - share) * plain + share * other)
    values = values + noise * draw.normal(values.shape)
    return ArrayDataset([values.float()], annotations={LABELS: labels})


def _stretches(starts: Tensor, chosen: Tensor, length: int, width: int) -> tuple[Tensor, Tensor]:
    """Return the share of the other sine, up to 1, and the labels, of the samples chosen (N, L)."""
    offset = torch.arange(length) - starts[:, None]
    inside = (offset >= 0) & (offset < width) & chosen[:, None]
    share = torch.sin(math.pi * (offset + 1).double() / (width + 1)) ** 2
    return torch.where(inside, share, 0.0), inside


class Draw:
    """Draw numbers of float64, whose stream is the same on every processor.

    Args:
        stream: the generator.
    """

    def __init__(self, stream: torch.Generator) -> None:
        self._stream = stream

    def between(self, low: float, high: float, shape: tuple[int, ...]) -> Tensor:
        """Return numbers from low up to, but without, high."""
        drawn = torch.rand(shape, generator=self._stream, dtype=torch.float64)
        return low + (high - low) * drawn

    def normal(self, shape: torch.Size) -> Tensor:
        """Return normal numbers of mean 0 and deviation 1."""
        return torch.randn(shape, generator=self._stream, dtype=torch.float64)

    def some(self, count: int, rate: float) -> Tensor:
        """Return whether each of `count` is among the `rate` of them that are chosen."""
        order = torch.randperm(count, generator=self._stream)
        return order < round(count * rate)
