"""Draw the errors of each split over the epochs."""

from typing import TYPE_CHECKING, Any

import numpy as np

from stride.benchmark.overview.epoch_errors import EpochErrors, Floats
from stride.benchmark.overview.pictures.picture import (
    SPLIT_COLOURS,
    Picture,
    lay_epochs_along,
    line_of,
)
from stride.figures import GREY, add_legend, as_typed, new_figure, scale_values
from stride.tables.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANEL = 1.9  # inches


def error_curves(epochs: EpochErrors) -> Picture:
    """Return the mean of each error, a panel each, with the deviation over samples as a band."""
    panels = len(epochs.errors)
    figure = new_figure(6.4, 0.9 + max(2.4, _PANEL * panels))
    grid = figure.subplots(panels, squeeze=False, sharex=True)[:, 0]
    for axes, error in zip(grid, epochs.errors, strict=True):
        _draw(axes, epochs, error)
    if len(epochs.swapped):
        _mark_swaps(grid[-1], epochs.swapped)
    lay_epochs_along(grid[-1], epochs)
    for split in epochs.splits:
        grid[0].plot([], [], color=SPLIT_COLOURS[split], label=split)
    add_legend(figure)
    return Picture("errors", "Errors over epochs", _words(epochs), figure)


def _draw(axes: "Axes", epochs: EpochErrors, error: str) -> None:
    means = []
    for split in epochs.splits:
        mean, deviation = epochs.error(split, error)
        means.append(mean[np.isfinite(mean)])
        band = (mean - deviation, mean + deviation)
        colour = SPLIT_COLOURS[split]
        axes.plot(epochs.epochs, mean, line_of(epochs), color=colour, markersize=4)
        axes.fill_between(epochs.epochs, *band, color=colour, alpha=0.13, linewidth=0)
    axes.set_ylabel(as_typed(error))
    _scale(axes, np.concatenate(means))


def _scale(axes: "Axes", means: Floats) -> None:
    """Let the means decide what is shown, and nothing below 0, where a band may reach."""
    scale_values(axes, means.tolist())
    if not len(means):
        return
    if axes.get_yscale() == "log":
        axes.set_ylim(means.min() / 1.6)
    else:
        low, high = axes.get_ylim()
        axes.set_ylim(min(max(low, 0.0), high), high)


def _mark_swaps(axes: "Axes", swapped: Floats) -> None:
    """Mark at the foot of a panel after which epochs the best weights came back."""
    name = f"best weights back ({len(swapped)})"
    foot: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "clip_on": False, "zorder": 5}
    axes.plot(swapped, [0.0] * len(swapped), "^", color=GREY, markersize=5, label=name, **foot)


def _words(epochs: EpochErrors) -> str:
    """Return where the first error began and ended on each split."""
    first = epochs.errors[0]
    ends = {split: epochs.error(split, first)[0][[0, -1]] for split in epochs.splits}
    told = [f"{split} {number(a)} to {number(b)}" for split, (a, b) in ends.items()]
    span = f"epoch 0 to {int(epochs.epochs[-1])}"
    words = f"mean and deviation of {', '.join(epochs.errors)} over the samples, {span}"
    swaps = f"; best weights back after {len(epochs.swapped)} epochs" if len(epochs.swapped) else ""
    return f"{words}; {first}: {', '.join(told)}{swaps}"
