"""Draw the learning curve of each trial: what its first run recorded of the metric."""

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from optuna.trial import FrozenTrial

from stride.errors import RunError
from stride.figures import GREY, add_legend, count_along, new_figure, scale_values
from stride.runs.files.jsonl import read_lines
from stride.runs.layout import RunPaths
from stride.runs.listing.measured import numbers_in
from stride.sweeps.report.plots.trials import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    Drawn,
)
from stride.sweeps.trials.trial import RUN, RUNS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLES: dict[str, dict[str, Any]] = {
    "done": {"color": BLUE},
    "running": {"color": GREEN},
    "not finite": {"color": YELLOW, "marker": "^"},
    "failed": {"color": "black", "linestyle": ":", "marker": "x"},
    "pruned": {"color": GREY, "linestyle": "--", "marker": "|"},
}
"""How the curves of trials look, by how these ended; a mark stands at their end."""

_DONE, _OTHERS, _BEST = 2.0, 2.1, 2.2  # above which others a curve is drawn


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

    @property
    def end(self) -> int:
        """Return the index of the last finite value, of the first where there is none."""
        return max((at for at, one in enumerate(self.values) if math.isfinite(one)), default=0)


def learning_curves(drawn: Drawn) -> "Figure | None":
    """Return the figure; None where no run has a curve any more."""
    curves = _curves(drawn)
    if not curves:
        return None
    by_step = any(len({*one.epochs}) < len(one.epochs) for one in curves.values())
    figure = new_figure(6.4, 4.2)
    axes = figure.subplots()
    trials = [one for one in drawn.begun if one.number in curves]
    for trial in sorted(trials, key=lambda one: drawn.ranks.get(one.number, -1)):
        curve = curves[trial.number]
        style = _style(trial, drawn) | {"markevery": [curve.end]}
        axes.plot(*curve.line(by_step=by_step), **style)
    scale_values(axes, [v for one in curves.values() for v in one.values if math.isfinite(v)])
    axes.set(xlabel="step" if by_step else "epoch", ylabel=drawn.metric)
    count_along(axes)
    _add_legend(figure, axes, trials, drawn)
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


def _style(trial: FrozenTrial, drawn: Drawn) -> dict[str, Any]:
    style = {"linewidth": 0.9, "markersize": 5, "zorder": _OTHERS, **_STYLES[drawn.ending(trial)]}
    if trial.number in drawn.colours:
        style |= {"color": drawn.colours[trial.number], "zorder": _DONE}
    if _is_best(trial, drawn):
        style |= {"color": RED, "linewidth": 2.5, "zorder": _BEST}
    return style


def _is_best(trial: FrozenTrial, drawn: Drawn) -> bool:
    return bool(drawn.finite) and trial.number == drawn.best_number()


def _add_legend(figure: "Figure", axes: "Axes", shown: Sequence[FrozenTrial], drawn: Drawn) -> None:
    counts = Counter(drawn.ending(one) for one in shown)
    for one in shown:
        if _is_best(one, drawn):
            axes.plot([], [], color=RED, linewidth=2.5, label=f"best (trial {one.number})")
    for name, style in _STYLES.items():
        if counts[name]:
            axes.plot([], [], **style, label=f"{name} ({counts[name]})")
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
