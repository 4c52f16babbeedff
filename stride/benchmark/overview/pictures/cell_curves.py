"""Draw one cell of a benchmark: the errors of a model on a data set, a line for each seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stride.benchmark.overview.epoch_errors import EpochErrors
from stride.benchmark.overview.pictures.picture import (
    SPLIT_COLOURS,
    Picture,
    lay_epochs_along,
    line_of,
)
from stride.figures import add_legend, as_typed, new_figure, scale_values
from stride.tables.words import number


def cell_curves(name: str, title: str, runs: Sequence[EpochErrors]) -> Picture:
    """Return the mean of the first error on each split over the epochs.

    Args:
        name: of the picture's files.
        title: model and data set.
        runs: at least one.
    """
    figure = new_figure(4.4, 3.2)
    axes = figure.subplots()
    error, drawn = runs[0].errors[0], []
    ends: dict[str, list[float]] = {}
    for epochs in runs:
        for split in epochs.splits:
            mean, _ = epochs.error(split, epochs.errors[0])
            style: dict[str, Any] = {"color": SPLIT_COLOURS[split], "linewidth": 1, "alpha": 0.7}
            axes.plot(epochs.epochs, mean, line_of(epochs), **style)
            drawn += mean[np.isfinite(mean)].tolist()
            ends.setdefault(split, []).append(float(mean[-1]))
    scale_values(axes, drawn)
    axes.set_ylabel(as_typed(error))
    lay_epochs_along(axes, max(runs, key=len))
    for split in ends:
        axes.plot([], [], color=SPLIT_COLOURS[split], label=split)
    add_legend(figure)
    return Picture(name, title, _words(error, runs, ends), figure)


def _words(error: str, runs: Sequence[EpochErrors], ends: Mapping[str, list[float]]) -> str:
    told = [f"{split} {number(float(np.mean(some)))}" for split, some in ends.items()]
    lines = "one run" if len(runs) == 1 else f"a line for each of {len(runs)} runs"
    return f"{error} over epochs, {lines}; mean at the end: {', '.join(told)}"
