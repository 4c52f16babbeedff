"""Lay the errors of samples out in bins, those of anomalies beside the others."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from stride.benchmark.overview.epoch_errors import Floats
from stride.benchmark.overview.pictures.picture import ANOMALOUS, SPLIT_COLOURS
from stride.benchmark.overview.recorded import FINAL, Recorded
from stride.figures import are_far_apart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 40

Flags = npt.NDArray[np.bool_]


def anomalous(recorded: Recorded, split: str) -> Flags:
    """Return which samples of a split hold an anomaly; nothing where that is not known."""
    name = f"{split}/anomalous"
    final = recorded.milestones.get(FINAL)
    if final is None or name not in final.names:
        return np.zeros(0, bool)
    return final.array(name).astype(bool)


def bins(values: Floats) -> Floats:
    """Return the edges of bins over all values, as wide as each other on the axis they are on."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if low == high:
        margin = abs(low) * 0.5 or 0.5
        low, high = low - margin, high + margin
    scale = np.geomspace if are_far_apart([low, high]) else np.linspace
    edges: Floats = scale(low, high, BINS + 1)
    return edges


def draw_bins(axes: "Axes", values: Floats, edges: Floats, flags: Flags, split: str) -> None:
    """Draw how many values are in each bin, those of anomalies on top.

    Args:
        axes: on which.
        values: of the samples; those that are not finite are in no bin.
        edges: of the bins.
        flags: which of the samples are anomalous, empty where that is not known.
        split: whose samples they are.
    """
    flags = flags if len(flags) == len(values) else np.zeros(len(values), bool)
    finite = np.isfinite(values)
    parts = [values[finite & ~flags], values[finite & flags]]
    colours = [SPLIT_COLOURS[split], ANOMALOUS]
    axes.hist(parts, edges.tolist(), stacked=True, histtype="stepfilled", color=colours, alpha=0.85)
    if are_far_apart([edges[0], edges[-1]]):
        axes.set_xscale("log")
    axes.minorticks_off()
    axes.locator_params(axis="y", nbins=3)
