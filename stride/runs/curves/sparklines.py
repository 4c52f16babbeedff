"""Draw how a metric of each run went, in one cell of a table."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from stride.errors import RunError
from stride.plots.sparkline import sparkline
from stride.runs.curves.options import CurveOptions
from stride.runs.curves.read import read_curves
from stride.runs.layout import RunPaths
from stride.runs.listing.rows.row import RunRow

WIDTH = 16


def sparklines(rows: Iterable[RunRow], metrics: Sequence[str] = ()) -> dict[Path, str]:
    """Return curves by the folders of their runs; those without one, or a broken one, are missing.

    Args:
        rows: of the runs.
        metrics: of which the first that a run has is drawn; the monitored one if there are none.
    """
    return {row.path: drawn for row in rows for drawn in _drawn(row, metrics)}


def _drawn(row: RunRow, metrics: Sequence[str]) -> Iterator[str]:
    names = metrics or [row.monitor or "train/epoch_loss"]
    try:
        curves = read_curves(RunPaths(row.path), names, CurveOptions())
    except RunError:  # the row says what is broken
        return
    lines = (curve.line("").y for curve in curves.values())
    yield from (sparkline(y, WIDTH) for y in [y for y in lines if y][:1])
