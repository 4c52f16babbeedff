"""Draw the areas under the ROC and precision-recall curves over the epochs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from stride.benchmark.overview.epoch_errors import AREAS, UNITS, EpochErrors, Floats
from stride.benchmark.overview.pictures.picture import (
    SPLIT_COLOURS,
    Picture,
    lay_epochs_along,
    line_of,
)
from stride.figures import GREY, add_legend, new_figure
from stride.tables.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLES = dict(zip(AREAS, ("ROC AUC", "PR AUC"), strict=True))
LINES = {"points": "-", "snippets": "--"}


def area_curves(epochs: EpochErrors) -> Iterator[Picture]:
    """Yield both areas of points and of snippets; nothing where no epoch has any."""
    curves = {name: _curves(epochs, name) for name in AREAS}
    if not any(curves.values()):
        return
    figure = new_figure(6.4, 5.2)
    grid = figure.subplots(2, sharex=True)
    for axes, name in zip(grid, AREAS, strict=True):
        _draw(axes, epochs, curves[name])
        axes.set(ylabel=TITLES[name], ylim=(-0.03, 1.03))
    grid[0].axhline(0.5, color=GREY, linestyle=":", linewidth=1, label="chance")
    lay_epochs_along(grid[1], epochs)
    for (split, unit), _ in curves["roc_auc"].items():
        name = f"{split}, {unit}"
        grid[0].plot([], [], LINES[unit], color=SPLIT_COLOURS[split], label=name)
    add_legend(figure)
    yield Picture("areas", "AUC over epochs", _words(curves), figure)


def _curves(epochs: EpochErrors, name: str) -> dict[tuple[str, str], Floats]:
    found = {
        (split, unit): epochs.area(split, unit, name) for split in epochs.splits for unit in UNITS
    }
    return {key: area for key, area in found.items() if np.isfinite(area).any()}


def _draw(axes: "Axes", epochs: EpochErrors, curves: dict[tuple[str, str], Floats]) -> None:
    for (split, unit), area in curves.items():
        line, colour = line_of(epochs, LINES[unit]), SPLIT_COLOURS[split]
        axes.plot(epochs.epochs, area, line, color=colour, markersize=4)


def _words(curves: dict[str, dict[tuple[str, str], Floats]]) -> str:
    told = [
        f"{TITLES[name]} of {split} {unit} {number(float(area[-1]))}"
        for name, found in curves.items()
        for (split, unit), area in found.items()
    ]
    return f"areas after each epoch; at the end: {', '.join(told)}"
