"""Read errors.csv: what a reconstruction run has measured after each epoch."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stride.errors import BrokenRecord
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import read_own

SPLITS = ("train", "val", "test")
AREAS = ("roc_auc", "pr_auc")
UNITS = {"points": "", "snippets": "snippet_"}
"""What a score is of -> what the name of its area begins with."""

_DEVIATION = "_std"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EpochErrors:
    """The columns of errors.csv.

    Attributes:
        columns: a number for each epoch, by name; NaN where there is none.
    """

    columns: Mapping[str, Floats]

    def __len__(self) -> int:
        """Return for how many epochs there are rows."""
        return len(self.epochs)

    @property
    def epochs(self) -> Floats:
        """Return the epochs, the first of which is 0."""
        return self.columns["epoch"]

    @property
    def swapped(self) -> Floats:
        """Return after which epochs the weights were exchanged for the best ones."""
        found: Floats = self.epochs[self.columns["swapped"] == 1]
        return found

    @cached_property
    def splits(self) -> list[str]:
        """Return the splits that were measured."""
        found = {name.partition("/")[0] for name in self.columns if "/" in name}
        return [name for name in SPLITS if name in found]

    @cached_property
    def errors(self) -> list[str]:
        """Return the names of the errors, in their order."""
        deviations = (name for name in self.columns if name.endswith(_DEVIATION))
        pairs = (name.removesuffix(_DEVIATION).partition("/") for name in deviations)
        return [*dict.fromkeys(error for _, _, error in pairs)]

    def error(self, split: str, name: str) -> tuple[Floats, Floats]:
        """Return mean and deviation over the samples of a split."""
        column = f"{split}/{name}"
        return self.columns[column], self.columns[f"{column}{_DEVIATION}"]

    def area(self, split: str, unit: str, name: str) -> Floats:
        """Return an area of a split's points or snippets, as far as it is defined."""
        return self.columns.get(f"{split}/{UNITS[unit]}{name}", np.full(len(self), np.nan))


def read_epoch_errors(path: Path) -> EpochErrors:
    """Return what errors.csv says, without a torn last line.

    Raises:
        RunError: the file cannot be read, or is broken.
    """
    with os_errors_as("cannot read", path, BrokenRecord):
        text = read_own(path).decode(errors="replace")
    lines = [*csv.reader(text[: text.rfind("\n") + 1].splitlines())]
    try:
        titles, *rows = lines
        numbers = [[float(cell) if cell else np.nan for cell in row] for row in rows]
        table = np.array(numbers, np.float64).reshape(len(rows), len(titles))
        found = EpochErrors(dict(zip(titles, table.T, strict=True)))
        _require(found)
    except (ValueError, KeyError) as cause:
        what = f"errors.csv is broken: {cause}"
        raise BrokenRecord(what, where=str(path)) from cause
    return found


def _require(found: EpochErrors) -> None:
    """Look at each column that is read.

    Raises:
        KeyError: one is missing.
    """
    for name in ("epoch", "swapped", "cpu_seconds", "wall_seconds"):
        found.columns[name]
    for split in found.splits:
        for error in found.errors:
            found.error(split, error)
