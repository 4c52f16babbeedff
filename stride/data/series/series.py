"""A series as it was read: values and labels of its points, and where in a file they stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from stride.data.cells.column import TableRows
from stride.data.labels import Array
from stride.errors import DataError

LABELS = "labels"  # the annotation that is true at points of an anomaly


@dataclass(frozen=True)
class Series:
    """One time series, or a part of it.

    Attributes:
        values: numbers (channels, points), float64; NaN where one is missing.
        rows: where the points stand in their file.
        annotations: what is known of each point beside its values, by name (points,).
        channels: what each channel is called in messages.
        number: of the series among those of its dataset.
        first: the number of the first point in the whole series.
    """

    values: Array
    rows: TableRows
    annotations: Mapping[str, Array] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    number: int = 0
    first: int = 0

    def __len__(self) -> int:
        return len(self.rows.numbers)

    def part(self, begin: int, end: int) -> "Series":
        """Return the points from begin up to, but without, end."""
        kept = slice(begin, end)
        return replace(
            self,
            values=self.values[:, kept],
            rows=replace(self.rows, numbers=self.rows.numbers[kept]),
            annotations={name: one[kept] for name, one in self.annotations.items()},
            first=self.first + begin,
        )

    def place(self, channel: int, point: int) -> str:
        """Return file, line and channel of a number, for messages."""
        names = self.channels or tuple(f"channel {n + 1}" for n in range(len(self.values)))
        return f"{self.rows.place(point)}, {names[channel]}"


def check_labels(values: Array, rows: TableRows) -> Array:
    """Return the labels of points as bools, true for an anomaly (points,).

    Raises:
        DataError: one is another number, or missing; names its line.
    """
    if (wrong := ~np.isin(values, (0, 1))).any():
        point = int(wrong.argmax())
        raise DataError(
            f"the label {values[point]:g} is neither 0 nor 1",
            where=rows.place(point),
            hint="write 1 at each point of an anomaly and 0 elsewhere",
        )
    return values.astype(bool)
