"""Read how metrics of a run went: all that are asked for in one pass over its rows."""

import math
from collections.abc import Collection, Sequence
from typing import Any

from stride.config.nonfinite import decode_number
from stride.plots.plot import Line
from stride.runs.curves.cells import Cells
from stride.runs.curves.options import CurveOptions
from stride.runs.curves.places import Places
from stride.runs.curves.smoothing import MovingAverage
from stride.runs.files.jsonl import blocks
from stride.runs.layout import RunPaths


class Curve:
    """Take the values of a metric as they are read.

    Args:
        options: of all curves.

    Attributes:
        not_above_0: how many values were left out, as no logarithm is drawn of them.
    """

    def __init__(self, options: CurveOptions) -> None:
        self._average = MovingAverage(options.smooth)
        self._log = options.log
        self._cells = Cells(width=1.0 if options.along == "epoch" else 0.0)
        self.not_above_0 = 0

    def add(self, x: Sequence[float], y: Sequence[Any]) -> None:
        """Take some further values.

        Args:
            x: where they are.
            y: as they stand in the rows; what is not a number counts as NaN.
        """
        numbers = y if {*map(type, y)} <= {int, float} else [*map(_number, y)]
        values = self._average.add(numbers)
        if self._log:
            self.not_above_0 += sum(value <= 0 for value in values)
            values = [value if value > 0 else math.nan for value in values]
        self._cells.add(x, values)

    def line(self, label: str) -> Line:
        """Return the curve so far."""
        return self._cells.line(label)


def read_curves(paths: RunPaths, names: Collection[str], options: CurveOptions) -> dict[str, Curve]:
    """Return how metrics of a run went so far, without a torn last line.

    Rows inside of an epoch lie at the epochs completed before: along epochs those of one are one
    cell.

    Args:
        paths: of the run.
        names: of the metrics.
        options: of all curves.

    Raises:
        RunError: a line before the last is broken, or the file cannot be read.
    """
    curves = {name: Curve(options) for name in names}
    places = Places(paths, options.along)
    for block in blocks(paths.metrics):
        rows, x = places.of(block)
        for name, curve in curves.items():
            own = [row[name] for row in rows if name in row]
            if len(own) == len(rows):
                curve.add(x, own)
            elif own:
                curve.add([at for at, row in zip(x, rows, strict=True) if name in row], own)
    return curves


def recorded_names(paths: RunPaths) -> set[str]:
    """Return the names of all that the rows of a run hold.

    Raises:
        RunError: as `read_curves`.
    """
    return {name for block in blocks(paths.metrics) for row in block for name in row}


def _number(value: Any) -> float:
    number = decode_number(value)
    return number if type(number) in (int, float) else math.nan
