"""Draw the time that a training has taken over its epochs."""

from stride.benchmark.overview.epoch_errors import EpochErrors
from stride.benchmark.overview.pictures.picture import BLUE, RED, Picture, lay_epochs_along, line_of
from stride.figures import add_legend, new_figure
from stride.tables.words import duration

_COLUMNS = {"CPU": ("cpu_seconds", BLUE, "-"), "wall": ("wall_seconds", RED, "--")}
_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
_FEW = 3  # of a unit; below, a smaller one is shown


def spent_time(epochs: EpochErrors) -> Picture:
    """Return CPU and wall time from the start to the end of each epoch."""
    figure = new_figure(6.4, 3.3)
    axes = figure.subplots()
    longest = max(epochs.columns[name].max() for name, _, _ in _COLUMNS.values())
    unit, size = _unit(longest)
    for name, (column, colour, line) in _COLUMNS.items():
        spent = epochs.columns[column] / size
        axes.plot(epochs.epochs, spent, line_of(epochs, line), color=colour, label=name)
    axes.set(ylabel=unit, ylim=(0, 1.06 * longest / size or 1))
    lay_epochs_along(axes, epochs)
    add_legend(figure)
    totals = [f"{name} {duration(epochs.columns[of][-1])}" for name, (of, _, _) in _COLUMNS.items()]
    words = f"time since the start, over all starts: {', '.join(totals)} at the end"
    return Picture("time", "CPU and wall time", words, figure)


def _unit(seconds: float) -> tuple[str, int]:
    """Return the largest unit of which a length of time has a few, and how long it is."""
    found = [(name, size) for name, size in _UNITS.items() if seconds >= _FEW * size]
    return found[-1] if found else ("seconds", 1)
