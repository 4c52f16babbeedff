"""Draw the curves that a notebook shows unasked: those that are read in a moment."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from stride.errors import StrideError
from stride.pages.page import image
from stride.plots.svg import svg
from stride.plots.words import description
from stride.runs.curves.plots import plot_runs
from stride.runs.curves.sparklines import sparklines
from stride.runs.layout import RunPaths
from stride.runs.listing.facts import Facts
from stride.runs.listing.rows.row import RunRow

MOST_BYTES = 16_000_000
"""Of the streams of metrics that are read for one output: about a third of a second."""

_SIZE = 560, 240


def curve_in_output(row: RunRow) -> str:
    """Return a picture of how the monitored metric of a run went; empty where that takes longer."""
    with suppress(StrideError):  # the row says what is broken, and nothing may be recorded yet
        if _size(row) <= MOST_BYTES:
            (plot,) = plot_runs([Facts(row)], by=["run"])
            return image(svg(plot, *_SIZE).encode(), description(plot), "svg+xml")
    return ""


def curves_in_output(rows: Iterable[RunRow]) -> dict[Path, str]:
    """Return sparklines of the first runs, as many as are read in a moment, by their folders."""
    left, quick = MOST_BYTES, []
    for row in rows:
        left -= _size(row)
        if left < 0:
            break
        quick.append(row)
    return sparklines(quick)


def _size(row: RunRow) -> int:
    with suppress(OSError):
        return os.stat(RunPaths(row.path).metrics).st_size
    return 0
