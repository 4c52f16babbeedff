"""Make plots of how metrics of runs went: one for each metric, in it a line for each group."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from stride.errors import RunError
from stride.plots.plot import Along, Line, Plot
from stride.runs.curves.drawn import RunPlots
from stride.runs.curves.groups import (
    RUN,
    Group,
    Grouped,
    best_first,
    by_configuration,
    by_keys,
    by_run,
    labelled,
)
from stride.runs.curves.metrics import metrics_meant
from stride.runs.curves.options import CurveOptions
from stride.runs.curves.read import Curve, read_curves
from stride.runs.curves.seeds import mean_line, remarks
from stride.runs.layout import RunPaths
from stride.runs.listing.facts import Facts

MOST = 12
"""Lines of a plot."""


class _Read(NamedTuple):
    """Hold a group, and the curves of each run of it by metric."""

    group: Group
    curves: Sequence[tuple[Facts, Mapping[str, Curve]]]


def plot_runs(
    runs: Iterable[Facts],
    metrics: Iterable[str] = (),
    *,
    along: Along = "step",
    smooth: float = 0.0,
    log: bool = False,
    by: Sequence[str] | None = None,
    most: int = MOST,
) -> RunPlots:
    """Read how metrics of runs went.

    Only the runs that are drawn are read: of many lines those that were best by the first metric.

    Args:
        runs: what is recorded of each.
        metrics: names of metrics, as they may be typed; the monitored one if there are none.
        along: what the horizontal axis counts: steps, epochs, or seconds of training.
        smooth: weight of the moving average, 0 for none.
        log: whether the upright axis is logarithmic.
        by: keys of the config whose values make a line; `["run"]` for a line of each run. If
            absent, runs that differ by their seed alone are one line.
        most: lines of a plot.

    Raises:
        UserError: a name means nothing or several things, or an option has a wrong value.
        RunError: no run has recorded a metric, or none can be read.
    """
    known, options = [*runs], CurveOptions(along, smooth, log).checked()
    names = metrics_meant(known, metrics)
    found = _grouped(known, by)
    groups = labelled(best_first(found.groups, names[0])[:most])
    failed: list[RunError] = []
    read = [_Read(group, [*_curves(group, names, options, failed)]) for group in groups]
    if failed and not any(one.curves for one in read):
        raise failed[0]
    notes = [*_hidden(len(groups), len(found.groups), names[0]), *found.notes]
    notes += [f"left out: {error}" for error in failed]
    plots = [_plot(name, read, options, notes) for name in names]
    return RunPlots(plots, {one.label: [facts.row.path for facts in one.runs] for one in groups})


def _grouped(runs: Sequence[Facts], by: Sequence[str] | None) -> Grouped:
    if by is None:
        return by_configuration(runs)
    return by_run(runs) if [*by] == [RUN] else by_keys(runs, by)


def _curves(
    group: Group, names: Sequence[str], options: CurveOptions, failed: list[RunError]
) -> Iterator[tuple[Facts, Mapping[str, Curve]]]:
    """Yield the curves of each run of a group that can be read; one that cannot hides no other."""
    for facts in group.runs:
        try:
            yield facts, read_curves(RunPaths(facts.row.path), names, options)
        except RunError as error:
            failed.append(error)


def _hidden(shown: int, total: int, metric: str) -> Iterator[str]:
    if shown < total:
        yield f"{shown} of {total} lines: the best by {metric}"


def _plot(name: str, read: Sequence[_Read], options: CurveOptions, notes: Sequence[str]) -> Plot:
    """Return the plot of a metric.

    Raises:
        RunError: no run has recorded it along its training.
    """
    lines: list[Line] = []
    told = [*notes]
    for group, curves in read:
        own = [(facts, curve[name]) for facts, curve in curves]
        drawn = [(facts, line) for facts, curve in own if (line := curve.line(group.label)).x]
        if drawn:
            lines.append(_line(group, drawn, name, options))
        if len(drawn) > 1:
            told += remarks(lines[-1], [line for _, line in drawn], options.along)
        if len(drawn) < len(group.runs):
            told.append(f"{group.label}: no {name} in {_places(group, drawn)}")
        if not_above_0 := sum(curve.not_above_0 for _, curve in own):
            told.append(f"{group.label}: {not_above_0} values are left out that are not above 0")
    if not lines:
        what = f"no run here has recorded {name} along its training"
        raise RunError(what, hint="what it has at its end is in: stride compare")
    told += _explained(lines, options)
    return Plot(_title(read), name, options.along, lines, options.log, told)


def _line(
    group: Group, drawn: Sequence[tuple[Facts, Line]], name: str, options: CurveOptions
) -> Line:
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


def _places(group: Group, drawn: Sequence[tuple[Facts, Line]]) -> str:
    there = {facts.row.path for facts, _ in drawn}
    return ", ".join(str(one.row.path) for one in group.runs if one.row.path not in there)


def _title(read: Sequence[_Read]) -> str:
    """Return the path of the one run, or of the work_dir of all."""
    paths = [facts.row.path for one in read for facts in one.group.runs]
    places = {path.parent for path in paths}
    if len(paths) == 1:
        return str(paths[0])
    return str(places.pop()) if len(places) == 1 else ""
