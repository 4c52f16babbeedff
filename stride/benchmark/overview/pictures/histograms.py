"""Draw how the errors of the samples are distributed at each milestone."""

from collections.abc import Iterator, Mapping

import numpy as np

from stride.benchmark.overview.epoch_errors import Floats
from stride.benchmark.overview.pictures.distributions import anomalous, bins, draw_bins
from stride.benchmark.overview.pictures.picture import ANOMALOUS, SMALL, Picture, evenly
from stride.benchmark.overview.recorded import FINAL, Recorded
from stride.figures import add_legend, as_typed, new_figure
from stride.tables.words import number

MOST = 6
"""Milestones that are drawn, the untrained and the last model among them."""

_Errors = Mapping[str, Floats]


def histograms(recorded: Recorded) -> Iterator[Picture]:
    """Yield the distributions of the score: a row a milestone, a column a split."""
    milestones = evenly([*recorded.milestones], MOST)
    errors = {name: _of_splits(recorded, name) for name in milestones}
    splits = [s for s in recorded.epochs.splits if all(s in one for one in errors.values())]
    if not milestones or not splits:
        return
    figure = new_figure(7.2, 1.1 + 0.8 * len(milestones))
    grid = figure.subplots(len(milestones), len(splits), squeeze=False, sharex=True)
    edges = bins(np.concatenate([one[split] for one in errors.values() for split in splits]))
    flags = {split: anomalous(recorded, split) for split in splits}
    for row, (name, found) in zip(grid, errors.items(), strict=True):
        row[0].set_ylabel(_title(name), fontsize=SMALL)
        for axes, split in zip(row, splits, strict=True):
            draw_bins(axes, found[split], edges, flags[split], split)
            axes.tick_params(labelsize=SMALL)
    for axes, split in zip(grid[0], splits, strict=True):
        axes.set_title(split, fontsize="medium")
    for axes in grid[-1]:
        axes.set_xlabel(as_typed(recorded.score))
    if any(one.any() for one in flags.values()):
        grid[0][0].plot([], [], "s", color=ANOMALOUS, label="anomalies")
        add_legend(figure)
    yield Picture("histograms", "Errors at milestones", _words(recorded, errors, splits), figure)


def _of_splits(recorded: Recorded, milestone: str) -> _Errors:
    file = recorded.milestones[milestone]
    names = {split: f"{split}/{recorded.score}" for split in recorded.epochs.splits}
    return {split: file.array(name) for split, name in names.items() if name in file.names}


def _title(milestone: str) -> str:
    return milestone if milestone == FINAL else f"epoch {milestone}"


def _words(recorded: Recorded, errors: Mapping[str, _Errors], splits: list[str]) -> str:
    first, last = ([*errors.values()][at] for at in (0, -1))
    medians = {split: [float(np.median(one[split])) for one in (first, last)] for split in splits}
    told = [f"{split} {number(a)} to {number(b)}" for split, (a, b) in medians.items()]
    shown = ", ".join(map(_title, errors))
    left = len(recorded.milestones) - len(errors)
    more = f" ({left} more are not drawn)" if left else ""
    words = f"how {recorded.score} is distributed over the samples at {shown}{more}"
    return f"{words}; median: {', '.join(told)}"
