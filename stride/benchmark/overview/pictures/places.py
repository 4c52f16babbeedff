"""Draw where the examples stand among the errors of all samples."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from stride.benchmark.overview.pictures.distributions import anomalous, bins, draw_bins
from stride.benchmark.overview.pictures.picture import (
    ANOMALOUS,
    GREEN,
    SMALL,
    YELLOW,
    Picture,
)
from stride.benchmark.overview.recorded import FINAL, Recorded
from stride.figures import add_legend, as_typed, new_figure
from stride.runs.records.reconstruction import SplitReconstruction
from stride.tables.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKS = {"worst": ("v", ANOMALOUS), "average": ("D", YELLOW), "best": ("o", GREEN)}
_ABOVE = {"worst": 1.06, "average": 1.12, "best": 1.18}
"""How high above a panel, in shares of its height, the marks of a kind stand."""


def places(recorded: Recorded) -> Iterator[Picture]:
    """Yield the distribution of the final score on each split, the examples marked above it."""
    found = {split: one for split, one in recorded.splits.items() if one.examples}
    if not found or FINAL not in recorded.milestones:
        return
    figure = new_figure(6.4, 0.9 + 1.9 * len(found))
    grid = figure.subplots(len(found), squeeze=False)[:, 0]
    for axes, (split, one) in zip(grid, found.items(), strict=True):
        _draw(axes, recorded, split, one)
    grid[-1].set_xlabel(as_typed(recorded.score))
    for kind, (mark, colour) in MARKS.items():
        grid[0].plot([], [], mark, color=colour, markersize=5, label=kind)
    add_legend(figure)
    yield Picture("places", "Places of the examples", _words(recorded, [*found]), figure)


def _draw(axes: "Axes", recorded: Recorded, split: str, one: SplitReconstruction) -> None:
    values = recorded.milestones[FINAL].array(f"{split}/{recorded.score}")
    draw_bins(axes, values, bins(values), anomalous(recorded, split), split)
    axes.set_ylabel(f"samples of {split}", fontsize=SMALL)
    above: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "clip_on": False}
    for kind, (mark, colour) in MARKS.items():
        errors = [example.error for example in one.examples if example.kind == kind]
        height = [_ABOVE[kind]] * len(errors)
        axes.plot(errors, height, mark, color=colour, markersize=5, **above)


def _words(recorded: Recorded, splits: Sequence[str]) -> str:
    """Return of each split the error of its first example of each kind."""
    told = []
    for split in splits:
        first = {one.kind: one.error for one in reversed(recorded.splits[split].examples)}
        parts = [f"{kind} {number(first[kind])}" for kind in MARKS if kind in first]
        told.append(f"{split}: {', '.join(parts)}")
    return f"{recorded.score} of all samples, the examples above them; {'; '.join(told)}"
