"""Draw each trial as a line across an upright axis for each key, and one for the value."""

from typing import TYPE_CHECKING

from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial

from stride.figures import GREY, add_legend, are_far_apart, new_figure
from stride.runs.deciding.settings import short_names
from stride.sweeps.report.plots.axis import Axis
from stride.sweeps.report.plots.trials import RED, Drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_UNUSED = -0.14  # of the height: where a trial has no value of a key
_WIDTH = 1.3  # inches between two axes


def parallel(drawn: Drawn) -> "Figure":
    """Return the figure."""
    axes_of_keys = axes_of(drawn)
    figure = new_figure(max(6.4, _WIDTH * (len(axes_of_keys) + 1)), 4.2)
    axes = figure.subplots()
    range_of_values = min(drawn.values), max(drawn.values)
    kind = FloatDistribution(*range_of_values, log=are_far_apart(drawn.values))
    value_axis = Axis(drawn.metric, kind)
    best = drawn.best_number()
    for trial in drawn.finite:
        _draw(axes, trial, drawn, axes_of_keys, value_axis, best=trial.number == best)
    places = range(len(axes_of_keys) + 1)
    for place, axis in zip(places, [*axes_of_keys.values(), value_axis], strict=True):
        _draw_axis(axes, place, axis)
    if any(key not in one.params for one in drawn.finite for key in axes_of_keys):
        axes.text(-0.06, _UNUSED, "not used", ha="right", va="center", fontsize="small", color=GREY)
    titles = [*(one.title for one in axes_of_keys.values()), drawn.metric.replace("/", "/\n")]
    axes.set_xticks([*places], titles)
    axes.tick_params(axis="x", length=0, pad=6, labelsize="small")
    axes.set_yticks([])
    axes.set_xlim(-0.3, len(axes_of_keys) + 0.4)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.plot([], [], color=RED, linewidth=2.5, label=f"best (trial {best})")
    axes.plot([], [], color=drawn.colours[best], label=f"done ({len(drawn.finite)}), better darker")
    add_legend(figure)
    return figure


def axes_of(drawn: Drawn) -> dict[str, Axis]:
    """Return the axis of each key that is drawn."""
    short = short_names(drawn.distributions, drawn.distributions)
    return {key: Axis(short[key], kind) for key, kind in drawn.distributions.items()}


def _draw(
    axes: "Axes",
    trial: FrozenTrial,
    drawn: Drawn,
    axes_of_keys: dict[str, Axis],
    value_axis: Axis,
    *,
    best: bool,
) -> None:
    heights = [
        axis.share(axis.coordinate(trial.params[key])) if key in trial.params else _UNUSED
        for key, axis in axes_of_keys.items()
    ]
    heights.append(value_axis.share(trial.values[0]))
    colour, width = (RED, 2.5) if best else (drawn.colours[trial.number], 1.0)
    axes.plot(range(len(heights)), heights, color=colour, linewidth=width)


def _draw_axis(axes: "Axes", place: int, axis: Axis) -> None:
    axes.plot([place, place], [0, 1], color=GREY, linewidth=1)
    for coordinate, name in axis.ticks():
        axes.annotate(
            name,
            (place, axis.share(coordinate)),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize="x-small",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.6},
        )
