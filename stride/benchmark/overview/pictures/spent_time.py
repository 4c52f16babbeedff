"""Draw the time that a training has taken over its epochs."""

from stride.benchmark.overview.epoch_errors import EpochErrors
from stride.benchmark.overview.pictures.picture import BLUE, RED, Picture
from stride.figures import add_legend, count_along, new_figure
from stride.tables.words import duration

_COLUMNS = {"CPU": ("cpu_seconds", BLUE, "-"), "wall": ("wall_seconds", RED, "--")}
_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
_FEW = 3  # of a unit; below, a smaller one is shown


def spent_time(epochs: EpochErrors) -> Picture:
    """Return CPU and wall time from the start to the end of each epoch."""
    figure = new_figure(6.4, 3.3)
    axes = figure.subplots()
    unit, size = _unit(max(epochs.columns[name].max() for name, _, _ in _COLUMNS.values()))
    for name, (column, colour, line) in _COLUMNS.items():
        axes.plot(epochs.epochs, epochs.columns[column] / size, line, color=colour, label=name)
    axes.set(xlabel="epoch", ylabel=unit, ylim=(0, None))
    count_along(axes)
    add_legend(figure)
    totals = [f"{name} {duration(epochs.columns[of][-1])}" for name, (of, _, _) in _COLUMNS.items()]
    words = f"time since the start, over all starts: {', '.join(totals)} at the end"
    return Picture("time", "CPU and wall time", words, figure)


def _unit(seconds: float) -> tuple[str, int]:
    """Return the largest unit of which a length of time has a few, and how long it is."""
    found = [(name, size) for name, size in _UNITS.items() if seconds >= _FEW * size]
    return found[-1] if found else ("seconds", 1)
