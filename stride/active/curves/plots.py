"""Draw learning curves and reliability diagrams into PNG, SVG or PDF files."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stride.active.curves.curve import Curve, MeanCurve, mean_curve
from stride.errors import DataError
from stride.figures import (
    COLOURS,
    GREY,
    LIGHT_BLUE,
    LIGHT_RED,
    MARKS,
    kind_of,
    new_figure,
    picture,
)
from stride.runs.files.atomic import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from stride.active.calibration.calibration_error import Reliability

GAP = "gap to the mean confidence"


def plot_curves(
    named_curves: Mapping[str, Sequence[Curve]],
    path: str | os.PathLike[str],
    *,
    metric: str = "metric",
) -> None:
    """Draw the mean learning curve of each name, its deviation over seeds as a band.

    Args:
        named_curves: the curves of one or more seeds by name, as that of a strategy.
        path: a file, .png, .svg or .pdf, which is replaced.
        metric: what the upright axis says.

    Raises:
        DataError: another kind of file, nothing to draw, or curves that have no mean.
        MissingExtra: matplotlib is not installed.
    """
    if not named_curves:
        raise DataError("there are no curves to draw", where=str(path))
    means = {name: mean_curve(curves) for name, curves in named_curves.items()}
    figure = _figure_for(path, 6.4, 4.2)
    axes = figure.subplots()
    for number, (name, mean) in enumerate(means.items()):
        _draw_mean(axes, mean, name, COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)])
    axes.set(xlabel="labelled samples", ylabel=metric)
    axes.set_title(_seeds(means), loc="right", fontsize="small", color=GREY)
    axes.legend(frameon=False)
    _save(figure, path)


def _draw_mean(axes: "Axes", mean: MeanCurve, name: str, colour: str, mark: str) -> None:
    axes.plot(mean.labelled, mean.mean, color=colour, marker=mark, markersize=4, label=name)
    if mean.num_curves > 1:
        pairs = list(zip(mean.mean, mean.deviation, strict=True))
        low, high = [m - d for m, d in pairs], [m + d for m, d in pairs]
        axes.fill_between(mean.labelled, low, high, color=colour, alpha=0.15, linewidth=0)


def _seeds(means: Mapping[str, MeanCurve]) -> str:
    numbers = [mean.num_curves for mean in means.values()]
    fewest, most = min(numbers), max(numbers)
    if most == 1:
        return "one seed"
    number = f"{most}" if fewest == most else f"{fewest} to {most}"
    return f"mean and standard deviation of {number} seeds"


def plot_reliability(reliability: "Reliability", path: str | os.PathLike[str]) -> None:
    """Draw accuracy over confidence, and below it how many samples are how sure.

    Args:
        reliability: as `stride.active.calibration.calibration_error.reliability` gives it.
        path: a file, .png, .svg or .pdf, which is replaced.

    Raises:
        DataError: another kind of file.
        MissingExtra: matplotlib is not installed.
    """
    figure = _figure_for(path, 4.4, 5.4)
    above, below = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    _draw_accuracy(above, reliability)
    _draw_counts(below, reliability)
    figure.legend(frameon=False, loc="outside upper left", ncols=2, fontsize="small")
    told = f"ECE {reliability.ece:.3f}   MCE {reliability.mce:.3f}"
    above.set_title(told, loc="right", fontsize="small", color=GREY)
    _save(figure, path)


def _draw_accuracy(axes: "Axes", found: "Reliability") -> None:
    """Draw a bar for each bin and the gap from there to its mean confidence."""
    width = 1 / len(found.counts)
    pairs = list(zip(found.confidence, found.accuracy, strict=True))
    bins = [(i * width, s, a) for i, (s, a) in enumerate(pairs) if s is not None and a is not None]
    left, right = [place for place, _, _ in bins], [accuracy for _, _, accuracy in bins]
    gaps = [confidence - accuracy for _, confidence, accuracy in bins]
    axes.bar(left, right, width, align="edge", color=LIGHT_BLUE, edgecolor="white")
    axes.bar(left, gaps, width, right, align="edge", color=LIGHT_RED, edgecolor="white", label=GAP)
    ends = [place + width for place in left]
    axes.hlines(right, left, ends, color=COLOURS[0], linewidth=2.5, label="accuracy")
    axes.plot((0, 1), (0, 1), color="black", linestyle="--", linewidth=1)
    axes.set(ylabel="accuracy", xlim=(0, 1), ylim=(0, 1.01))


def _draw_counts(axes: "Axes", found: "Reliability") -> None:
    """Draw the share of the samples in each bin."""
    width, samples = 1 / len(found.counts), sum(found.counts)
    left = [place * width for place in range(len(found.counts))]
    shares = [count / samples for count in found.counts]
    axes.bar(left, shares, width, align="edge", color=GREY, edgecolor="white")
    axes.set(xlabel="confidence", ylabel="share of samples")


def _figure_for(path: str | os.PathLike[str], width: float, height: float) -> "Figure":
    """Return an empty figure, once it is known that it can be saved."""
    kind_of(path)
    return new_figure(width, height)


def _save(figure: "Figure", path: str | os.PathLike[str]) -> None:
    """Write the figure atomically."""
    atomic_write(Path(path), picture(figure, kind_of(path)))
