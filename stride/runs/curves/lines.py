"""Turn the curves that were read into the lines of a plot, and tell what they do not show."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from stride.errors import RunError
from stride.plots.plot import Line, Plot
from stride.runs.curves.options import CurveOptions
from stride.runs.curves.read import Curve
from stride.runs.curves.seeds import mean_line, remarks
from stride.runs.listing.facts import Facts
from stride.visible import quoted

Drawn = tuple[Facts, Line]


class ReadGroup(NamedTuple):
    """Hold the runs of a line, as they were read.

    Attributes:
        label: what it is called.
        runs: all of them.
        curves: of each run that could be read, by metric.
    """

    label: str
    runs: Sequence[Facts]
    curves: Sequence[tuple[Facts, Mapping[str, Curve]]]

    def drawn(self, name: str, along: str) -> list[Drawn]:
        """Return the curve of each run that has recorded a metric along something."""
        there = [one for one in self.curves if not _own_axis(one[0], name, along)]
        found = [(facts, curves[name].line(self.label)) for facts, curves in there]
        return [(facts, line) for facts, line in found if line.x]


def _own_axis(facts: Facts, name: str, along: str) -> str:
    """Return the metric along which a metric of a run lies, where steps say nothing of that."""
    axis = facts.axis_of(name)
    return axis if along == "step" != axis else ""


def plot_of(
    name: str, read: Sequence[ReadGroup], options: CurveOptions, notes: Sequence[str]
) -> Plot:
    """Return the plot of a metric, the groups without it left out and told.

    Args:
        name: of the metric.
        read: the groups, in the order of their lines.
        options: of all curves.
        notes: sentences that are true of any metric.

    Raises:
        RunError: no run has recorded it along its training.
    """
    lines: list[Line] = []
    told = [*notes]
    for group in read:
        drawn = group.drawn(name, options.along)
        told += _left_out(group, drawn, name, options.along)
        if drawn:
            lines.append(_line(group, drawn, name, options))
            told += remarks(lines[-1], [line for _, line in drawn], options.along)
    if not lines:
        what = f"no run here has recorded {name} along {options.along}"
        raise RunError(what, hint=_elsewhere(name, read, options.along))
    told += _explained(lines, options)
    return Plot(_title(read), name, options.along, lines, options.log, told)


def _elsewhere(name: str, read: Sequence[ReadGroup], along: str) -> str:
    """Return what to type for a metric that no curve shows."""
    axes = {_own_axis(facts, name, along) for group in read for facts, _ in group.curves} - {""}
    if axes:
        return f"type: --x {quoted(min(axes))}"
    run = read[0].runs[0].row.path
    return f"what there is at its end is shown by: stride show {quoted(run)}"


def _left_out(group: ReadGroup, drawn: Sequence[Drawn], name: str, along: str) -> Iterator[str]:
    axes = {facts.row.path: _own_axis(facts, name, along) for facts, _ in group.curves}
    for axis in sorted({*axes.values()} - {""}):
        yield f"{group.label}: {name} goes along {axis}: --x {axis}"
    there = {facts.row.path for facts, _ in drawn} | {path for path, axis in axes.items() if axis}
    without = [facts.row.path for facts, _ in group.curves if facts.row.path not in there]
    if without:
        yield f"{group.label}: no {name} in {', '.join(map(str, without))}"
    if not_above_0 := sum(curves[name].not_above_0 for _, curves in group.curves):
        yield f"{group.label}: {not_above_0} values are left out that are not above 0"


def _line(group: ReadGroup, drawn: Sequence[Drawn], name: str, options: CurveOptions) -> Line:
    if len(group.runs) > 1:
        return mean_line(group.label, [line for _, line in drawn])
    ((facts, line),) = drawn
    is_told = not options.smooth and not line.cell and name == facts.row.monitor
    return line._replace(best=_best(line.y, facts.row.mode)) if is_told else line


def _best(y: Sequence[float], mode: str | None) -> int | None:
    finite = [at for at, value in enumerate(y) if math.isfinite(value)]
    if mode not in ("min", "max") or not finite:
        return None
    return (min if mode == "min" else max)(finite, key=y.__getitem__)


def _explained(lines: Sequence[Line], options: CurveOptions) -> Iterator[str]:
    if any(line.is_band for line in lines):
        yield "band: 95 % interval of the mean by Student's t"
    if options.smooth:
        yield f"smoothed by {options.smooth:g}: a moving average"


def _title(read: Sequence[ReadGroup]) -> str:
    """Return the path of the one run, or of the work_dir of all."""
    paths = [facts.row.path for one in read for facts in one.runs]
    places = {path.parent for path in paths}
    if len(paths) == 1:
        return str(paths[0])
    return str(places.pop()) if len(places) == 1 else f"{len(places)} work_dirs"
