"""Divide a dataset's samples among training, validation and test."""

import math
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from stride.data.batches.permutation import permutation
from stride.data.seeding import generator
from stride.errors import DataError

# The order decides which part of the permutation each gets: another one would move samples.
SPLITS = ("train", "val", "test")
Split = Literal["train", "val", "test"]


def split_indices(
    num_samples: int, val_fraction: float, test_fraction: float, seed: int
) -> dict[str, Tensor]:
    """Return the sample numbers of each split: disjoint, together all, ascending.

    They depend on the four arguments alone. A fraction of 0 makes an empty split.

    Raises:
        DataError: fractions that leave nothing to train on, or a split asked for that is empty.
    """
    fractions = {"val_fraction": val_fraction, "test_fraction": test_fraction}
    sizes = [round(num_samples * fraction) for fraction in fractions.values()]
    for (key, fraction), size in zip(fractions.items(), sizes, strict=True):
        _check(key, fraction, size, num_samples)
    num_train = num_samples - sum(sizes)
    if val_fraction + test_fraction >= 1 or num_train < 1:
        raise DataError(
            f"val_fraction={val_fraction} and test_fraction={test_fraction} of {num_samples} "
            "samples leave none to train on",
            where="dataset_kwargs",
            hint="choose fractions whose sum is below 1",
        )
    order, end = permutation(num_samples, generator(seed, 1)), num_train
    # The largest part is what the others leave: to find that takes no sorting.
    left, held_out = torch.ones(num_samples, dtype=torch.bool), []
    for size in sizes:
        begin, end = end, end + size
        held_out.append(_ascending(order[begin:end]))
        left.index_fill_(0, held_out[-1], False)
    return dict(zip(SPLITS, [left.nonzero().squeeze(1), *held_out], strict=True))


def _ascending(numbers: Tensor) -> Tensor:
    """Return whole numbers sorted; NumPy takes an eighth of torch's time for it."""
    return torch.from_numpy(np.sort(numbers.numpy()))


def _check(key: str, fraction: float, size: int, num_samples: int) -> None:
    if not 0 <= fraction < 1:
        raise DataError(
            f"{key}={fraction} is not a fraction",
            where=f"dataset_kwargs.{key}",
            hint="type a number from 0 up to, but without, 1",
        )
    if fraction and not size:
        raise DataError(
            f"{key}={fraction} of {num_samples} samples is none",
            where=f"dataset_kwargs.{key}",
            hint=f"type {key}=0 to do without, or a larger fraction",
        )


def subsample_indices(num_samples: int, rate: float, seed: int) -> Tensor:
    """Return the ascending numbers of the samples kept: `rate` of them, at least one.

    A rate above 1 has every sample as often as it has whole parts, and a share of them once more.
    A smaller rate keeps a part of what a larger rate keeps under the same seed.

    Raises:
        DataError: a rate that is not a number above 0.
    """
    if not 0 < rate < math.inf:
        raise DataError(
            f"subsample_rate={rate} keeps no samples, or endlessly many",
            where="dataset_kwargs.subsample_rate",
            hint="type a number above 0",
        )
    order = permutation(num_samples, generator(seed, 2))
    times, rest = divmod(max(1, round(num_samples * rate)), num_samples)
    return _ascending(torch.cat([torch.arange(num_samples).repeat(times), order[:rest]]))
