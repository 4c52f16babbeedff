"""Draw the value of each trial, in their order, and the best so far."""

import math
from typing import TYPE_CHECKING

from optuna.trial import FrozenTrial, TrialState

from stride.figures import GREY, add_legend, count_along, new_figure, scale_values
from stride.sweeps.report.plots.trials import (
    BLUE,
    RED,
    YELLOW,
    Drawn,
    numbers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ABOVE = 1.03  # of the height: where trials without a value are marked


def history(drawn: Drawn) -> "Figure":
    """Return the figure."""
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(6.4, 4.2)
    axes = figure.subplots()
    trials = sorted(drawn.finite, key=lambda one: one.number)
    values = [one.values[0] for one in trials]
    name = f"done ({len(trials)})"
    axes.plot(numbers(trials), values, "o", color=BLUE, alpha=0.6, markersize=4, label=name)
    _draw_best(axes, drawn, trials)
    _mark(axes, drawn)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="trial", ylabel=drawn.metric)
    count_along(axes)
    scale_values(axes, values)
    add_legend(figure)
    return figure


def _draw_best(axes: "Axes", drawn: Drawn, trials: list[FrozenTrial]) -> None:
    choose = min if drawn.report.sweep.record.mode == "min" else max
    best: list[float] = []
    for one in trials:
        best.append(choose([*best[-1:], one.values[0]]))
    last = max(numbers(drawn.report.standing.ended))
    places, heights = [*numbers(trials), last], [*best, *best[-1:]]
    axes.plot(places, heights, color=RED, drawstyle="steps-post", linewidth=2, label="best so far")


def _mark(axes: "Axes", drawn: Drawn) -> None:
    """Mark above the plot the trials that have no value to be drawn."""
    standing = drawn.report.standing
    unbounded = [one for one in drawn.complete if not math.isfinite(one.values[0])]
    for name, mark, colour, trials in (
        ("pruned", "|", GREY, standing.ended_as(TrialState.PRUNED)),
        ("failed", "x", "black", standing.ended_as(TrialState.FAIL)),
        ("not finite", "^", YELLOW, unbounded),
    ):
        if trials:
            axes.plot(
                numbers(trials),
                [_ABOVE] * len(trials),
                mark,
                color=colour,
                markersize=5,
                transform=axes.get_xaxis_transform(),
                clip_on=False,
                label=f"{name} ({len(trials)})",
            )
