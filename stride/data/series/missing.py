"""Fill numbers that are missing in a series, or refuse them."""

from dataclasses import replace
from typing import Literal

import numpy as np

from stride.data.labels import Array
from stride.data.series.series import Series
from stride.errors import DataError

Missing = Literal["interpolate", "zero"] | None
_LARGEST = float(np.finfo(np.float32).max)


def fill_missing(series: Series, how: Missing) -> Series:
    """Return the series without NaN.

    Args:
        series: as it was read.
        how: "interpolate" draws a line between the neighbours in the same channel, and takes the
            nearest number at the ends; "zero" writes 0; None refuses.

    Raises:
        DataError: a number is missing and nobody said what to do, a channel has none at all, or a
            number is infinite or too large for float32; names its line.
    """
    absent = np.isnan(series.values)
    _require_finite(series, absent)
    if not absent.any():
        return series
    if how is None:
        raise _missing(series, absent)
    if how == "zero":
        return replace(series, values=np.where(absent, 0.0, series.values))
    rows = zip(series.values, absent, strict=True)
    filled = [_interpolated(series, n, *row) for n, row in enumerate(rows)]
    return replace(series, values=np.stack(filled))


def _interpolated(series: Series, channel: int, values: Array, absent: Array) -> Array:
    if absent.all():
        raise DataError(
            "every number of a channel is missing, and none is there to draw a line from",
            where=series.place(channel, 0),
            hint="leave the channel out, or type dataset_kwargs.missing=zero",
        )
    points = np.arange(len(values))
    return np.interp(points, points[~absent], values[~absent])


def _require_finite(series: Series, absent: Array) -> None:
    if (beyond := ~absent & ~(np.abs(series.values) <= _LARGEST)).any():
        channel, point = np.argwhere(beyond)[0].tolist()
        raise DataError(
            f"{series.values[channel, point]} is infinite, or too large for float32",
            where=series.place(channel, point),
            hint="use another unit, or leave the channel out",
        )


def _missing(series: Series, absent: Array) -> DataError:
    channel, point = np.argwhere(absent)[0].tolist()
    return DataError(
        f"a number is missing, {int(absent.sum()):,} in all",
        where=series.place(channel, point),
        hint="type dataset_kwargs.missing=interpolate, or missing=zero",
    )
