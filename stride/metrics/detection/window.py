"""Choose the window of the volumes, and record where it comes from."""

from typing import NamedTuple

import numpy as np

from stride.errors import DataError
from stride.metrics.detection.labelled_scores import Floats

DEFAULT = 125
_POINTS = 20_000  # of a series, from which the period is found
_LAGS = range(3, 401)
_SHORTEST, _LONGEST = 6, 303


class Window(NamedTuple):
    """Hold a number of points, and where it comes from."""

    size: int
    source: str


def choose_window(size: int | None, inputs: Floats) -> Window:
    """Return the window that is given, else the period of the inputs, else DEFAULT.

    Raises:
        DataError: the given one is not a whole number, or negative.
    """
    if size is not None and (size < 0 or size != int(size)):
        raise DataError(
            f"window={size} is not a number of points",
            where="window",
            hint="give the length of a typical anomaly or of a period",
        )
    if size is not None:
        return Window(int(size), "given")
    if not inputs.size:
        return Window(DEFAULT, "the default, without inputs")
    found = period(inputs.reshape(-1, inputs.shape[-1])[0])
    if found is None:
        return Window(DEFAULT, "the default, no period was found in the inputs")
    return Window(found, "the period of the inputs, by autocorrelation")


def period(series: Floats) -> int | None:
    """Return the lag with the highest local maximum of the autocorrelation, None without one.

    Lags up to 400 are looked at, in the first 20,000 points; a maximum below lag 6 or above 303
    is not a period. So the windows of the published tables of TSB-AD are chosen (Liu and
    Paparrizos, The Elephant in the Room, NeurIPS 2024).

    Args:
        series: (n,).
    """
    centred = series[:_POINTS] - series[:_POINTS].mean()
    lags = range(_LAGS.start, min(_LAGS.stop, len(centred)))
    products = np.array([centred[lag:] @ centred[:-lag] for lag in lags])
    middle = products[1:-1]
    peaks = np.flatnonzero((middle > products[:-2]) & (middle > products[2:])) + 1
    if not len(peaks):
        return None
    lag = lags[int(peaks[np.argmax(products[peaks])])]
    return lag if _SHORTEST <= lag <= _LONGEST else None
