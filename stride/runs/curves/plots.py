"""Make plots of how metrics of runs went: one for each metric, in it a line for each group."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from stride.errors import RunError
from stride.runs.curves.drawn import RunPlots
from stride.runs.curves.groups import (
    RUN,
    Group,
    Grouped,
    best_first,
    by_configuration,
    by_keys,
    by_run,
    labels,
)
from stride.runs.curves.lines import ReadGroup, plot_of
from stride.runs.curves.metrics import axis_meant, metrics_meant
from stride.runs.curves.options import CurveOptions
from stride.runs.curves.read import Curve, read_curves
from stride.runs.layout import RunPaths
from stride.runs.listing.facts import Facts

MOST = 12
"""Lines of a plot."""


def plot_runs(
    runs: Iterable[Facts],
    metrics: Iterable[str] = (),
    *,
    along: str = "step",
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
        along: what the horizontal axis counts: steps, epochs, or seconds of training; or a metric
            that was recorded beside. What another tool recorded on such an axis has no steps.
        smooth: weight of the moving average, 0 for none.
        log: whether the upright axis is logarithmic.
        by: keys of the config whose values make a line; `["run"]` for a line of each run. If
            absent, runs that differ by their seed alone are one line.
        most: lines of a plot.

    Raises:
        UserError: a name means nothing or several things, or an option has a wrong value.
        RunError: no run has recorded a metric, or none can be read.
    """
    known = [*runs]
    options = CurveOptions(axis_meant(known, along), smooth, log).checked()
    names = metrics_meant(known, metrics)
    found = _grouped(known, by)
    if not found.groups:
        raise RunError("no run here can be drawn", where="; ".join(found.notes))
    groups = best_first(found.groups, names[0])[:most]
    failed: list[RunError] = []
    read = [
        ReadGroup(label, group.runs, [*_curves(group, names, options, failed)])
        for label, group in zip(labels(groups), groups, strict=True)
    ]
    if failed and not any(one.curves for one in read):
        raise failed[0]
    notes = [*_hidden(len(groups), len(found.groups), names[0]), *found.notes]
    notes += [f"left out: {error}" for error in failed]
    plots = [plot_of(name, read, options, notes) for name in names]
    return RunPlots(plots, {one.label: [facts.row.path for facts in one.runs] for one in read})


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
