"""Draw all plots of a sweep that there is something to draw for."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from stride.figures import picture
from stride.runs.files.atomic import atomic_write
from stride.sweeps.report.plots.history import history
from stride.sweeps.report.plots.learning_curves import learning_curves
from stride.sweeps.report.plots.parallel import parallel
from stride.sweeps.report.plots.slices import slices
from stride.sweeps.report.plots.trials import Drawn
from stride.sweeps.report.report import Report
from stride.tables.words import number


class Plot(NamedTuple):
    """Hold a picture.

    Attributes:
        name: of its file, without the end.
        title: what it is called.
        words: what it shows, for those who do not see it.
        png: the bytes of the file.
    """

    name: str
    title: str
    words: str
    png: bytes


def write_plots(report: Report) -> list[Path]:
    """Write the plots into the folder of the report; return their paths.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    paths = report.sweep.paths
    drawn = [*plots(report)]
    paths.report.mkdir(exist_ok=True)
    for one in drawn:
        atomic_write(paths.plot(one.name), one.png)
    return [paths.plot(one.name) for one in drawn]


def plots(report: Report) -> Iterator[Plot]:
    """Yield the plots for which there are trials.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    drawn = Drawn(report)
    if drawn.finite:
        count = f"{len(drawn.finite)} trials"
        best = f"the best is trial {drawn.best_number()} with {number(drawn.values[-1])}"
        words = f"{drawn.metric} of {count} by their numbers, and the best so far; {best}"
        yield Plot("history", "History", words, picture(history(drawn)))
        if drawn.distributions:
            keys = ", ".join(drawn.distributions)
            words = f"each of {count} as a line across {keys} and {drawn.metric}; {best}"
            yield Plot("parallel", "Parallel coordinates", words, picture(parallel(drawn)))
            words = f"{drawn.metric} of {count} over each of {keys}; {best}"
            yield Plot("slices", "Slices", words, picture(slices(drawn)))
    curves = learning_curves(drawn)
    if curves is not None:
        words = f"{drawn.metric} of the first run of each trial over its training"
        yield Plot("curves", "Learning curves", words, picture(curves))
