"""Draw the learning curve of each trial: what its first run recorded of the metric."""

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from optuna.trial import FrozenTrial

from stride.errors import RunError
from stride.figures import GREY, new_figure
from stride.runs.files.jsonl import read_lines
from stride.runs.layout import RunPaths
from stride.runs.listing.measured import numbers_in
from stride.sweeps.report.plots.trials import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    Drawn,
    add_legend,
    scale_values,
)
from stride.sweeps.trials.trial import RUN, RUNS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLES: dict[str, dict[str, Any]] = {
    "done": {"color": BLUE},
    "running": {"color": GREEN},
    "not finite": {"color": YELLOW, "marker": "^", "markevery": [-1]},
    "failed": {"color": "black", "linestyle": ":", "marker": "x", "markevery": [-1]},
    "pruned": {"color": GREY, "linestyle": "--", "marker": "|", "markevery": [-1]},
}
"""How the curves of trials look, by how these ended; those above are drawn over those below."""


class LearningCurve(NamedTuple):
    """Hold what a run recorded of a metric.

    Attributes:
        epochs: at which.
        steps: at which.
        values: there; NaN where one was not finite.
    """

    epochs: list[float]
    steps: list[float]
    values: list[float]

    def line(self, *, by_step: bool) -> tuple[list[float], list[float]]:
        """Return where the values are, and the values."""
        return (self.steps if by_step else self.epochs), self.values


def learning_curves(drawn: Drawn) -> "Figure | None":
    """Return the figure; None where no run has a curve any more."""
    curves = _curves(drawn)
    if not curves:
        return None
    by_step = any(len({*one.epochs}) < len(one.epochs) for one in curves.values())
    figure = new_figure(6.4, 4.2)
    axes = figure.subplots()
    trials = sorted(drawn.begun, key=lambda one: _height(one, drawn))
    for trial in trials:
        if trial.number in curves:
            style = _style(trial, drawn)
            axes.plot(*curves[trial.number].line(by_step=by_step), **style)
    scale_values(axes, [v for one in curves.values() for v in one.values if math.isfinite(v)])
    axes.set(xlabel="step" if by_step else "epoch", ylabel=drawn.metric)
    _add_legend(figure, axes, [one for one in trials if one.number in curves], drawn)
    return figure


def _curves(drawn: Drawn) -> dict[int, LearningCurve]:
    work_dir = drawn.report.sweep.work_dir
    first = {one.number: one.user_attrs.get(RUNS, [])[:1] for one in drawn.begun}
    curves = {
        number: read_curve(RunPaths(work_dir / noted[RUN]), drawn.metric)
        for number, runs in first.items()
        for noted in runs
    }
    return {number: curve for number, curve in curves.items() if curve.values}


def _height(trial: FrozenTrial, drawn: Drawn) -> tuple[int, int]:
    """Return the place of a trial's curve among all: a higher one is drawn later."""
    return -[*_STYLES].index(drawn.ending(trial)), drawn.ranks.get(trial.number, -1)


def _style(trial: FrozenTrial, drawn: Drawn) -> dict[str, Any]:
    style = {"linewidth": 0.9, "markersize": 5, **_STYLES[drawn.ending(trial)]}
    if trial.number in drawn.colours:
        style["color"] = drawn.colours[trial.number]
    if drawn.finite and trial.number == drawn.best_number():
        style |= {"color": RED, "linewidth": 2.5}
    return style


def _add_legend(figure: "Figure", axes: "Axes", shown: Sequence[FrozenTrial], drawn: Drawn) -> None:
    counts = Counter(drawn.ending(one) for one in shown)
    if drawn.finite and drawn.best_number() in {one.number for one in shown}:
        name = f"best (trial {drawn.best_number()})"
        axes.plot([], [], color=RED, linewidth=2.5, label=name)
    for name, style in _STYLES.items():
        if counts[name]:
            shown_style = {**style, "markevery": None}
            axes.plot([], [], **shown_style, label=f"{name} ({counts[name]})")
    add_legend(figure)


def read_curve(run: RunPaths, metric: str) -> LearningCurve:
    """Return what a run recorded of a metric; nothing of one that is gone or broken."""
    curve = LearningCurve([], [], [])
    with suppress(RunError, OSError):
        for row in read_lines(run.metrics):
            numbers = numbers_in(row)
            if metric in numbers:
                value = numbers[metric]
                curve.epochs.append(row.get("epoch", 0))
                curve.steps.append(row.get("step", 0))
                curve.values.append(value if math.isfinite(value) else math.nan)
    return curve
