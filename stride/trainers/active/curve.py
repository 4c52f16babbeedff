"""Leave a run's learning curve in its folder: as JSON, and as a picture where that can be drawn."""

from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from stride.active.curves.curve import Curve
from stride.callbacks.monitor import Monitor
from stride.config.nonfinite import encode_number
from stride.runs.layout import FORMAT_VERSION
from stride.trainer.fit.run_recorder import RunRecorder


def write_curve(run: RunRecorder, curve: Curve, monitor: Monitor, target: float | None) -> None:
    """Rewrite curve.json.

    Args:
        run: whose curve it is.
        curve: of the rounds so far.
        monitor: what it tells.
        target: the value of the metric that labels are counted for, if any.
    """
    values = {
        "format_version": FORMAT_VERSION,
        "metric": monitor.metric,
        "mode": monitor.mode,
        "labelled": list(curve.labelled),
        "values": [encode_number(value) for value in curve.values],
        "area": encode_number(curve.area()),
        "target": target,
        "labels_needed": None if target is None else curve.labels_needed(target, monitor.mode),
    }
    run.commit(run.paths.curve, values)


def draw_curve(run: RunRecorder, curve: Curve, metric: str, name: str) -> None:
    """Draw the curve, where matplotlib is installed."""
    if find_spec("matplotlib") is not None:
        from stride.active.curves.plots import plot_curves

        with TemporaryDirectory(prefix="stride-") as folder:
            picture = Path(folder) / run.paths.curve_plot.name
            plot_curves({name: [curve]}, picture, metric=metric)
            run.commit(run.paths.curve_plot, picture.read_bytes())
