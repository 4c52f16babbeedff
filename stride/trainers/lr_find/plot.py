"""Draw the curve of a range test as an artifact of its run, by matplotlib."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from stride.distributed import is_main
from stride.figures import COLOURS, PALE, new_figure
from stride.installed import install_hint
from stride.trainer.fit.session import Session
from stride.trainers.lr_find.curve import LrCurve

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "lr_find"
BLUE, RED = COLOURS[:2]
LIGHT = "0.7"


def draw_curve(session: Session, curve: LrCurve) -> None:
    """Keep a picture of the curve in the run; without matplotlib, say what to type for one."""
    if not is_main() or len(curve.losses) < 2:
        return
    if find_spec("matplotlib") is None:
        hint = install_hint("plots", ["matplotlib"])
        session.run.note(f"no picture of the curve: matplotlib is not installed; {hint}")
        return
    session.trainer.log_figure(NAME, figure_of(curve))


def figure_of(curve: LrCurve) -> "Figure":
    """Return a figure of the losses over the rates, and of the rate that they suggest."""
    figure = new_figure(6.4, 4.2)
    axes = figure.subplots()
    axes.plot(curve.rates, curve.losses, color=LIGHT, linewidth=1, label="loss of a step")
    axes.plot(curve.rates, curve.smoothed, color=BLUE, linewidth=2, label="smoothed")
    if (rate := curve.suggest().lr) is not None:
        axes.axvline(rate, color=RED, linestyle="--", label=f"suggested: {rate:.2g}")
    # The step that ended the test may have so large a loss that nothing is seen of the others.
    low, high = min(curve.losses), max(curve.smoothed[:-1])
    axes.set_ylim(low - 0.05 * abs(high - low) - 1e-9, high + 0.05 * abs(high - low) + 1e-9)
    axes.set(xscale="log", xlabel="learning rate", ylabel="loss")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=PALE, linewidth=0.8)
    axes.legend(frameon=False)
    return figure
