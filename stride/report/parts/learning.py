"""Show the learning curves of active learning, by strategy over seeds."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stride.active.curves.comparison import compare_curves
from stride.active.curves.groups import SeedRun, group_curves, seed_runs
from stride.errors import UserError
from stride.pages.page import escaped, panel
from stride.plots.plot import Line, Plot, points
from stride.report.contents import Contents
from stride.report.parts.curves import figures
from stride.runs.deciding.configurations import DONE
from stride.runs.layout import RunPaths
from stride.tables.table import Column, Table, numbers

_WORDS = (
    "Area: under the curve over the span of labels, the mean over seeds; the difference to the "
    "baseline is taken seed by seed, and is unclear where chance alone gives as much in more than "
    "5 of 100 cases."
)


def learning(contents: Contents) -> Iterator[str]:
    """Yield a table of the strategies; nothing where no run is of active learning."""
    rows = [row for row in contents.rows if os.path.lexists(RunPaths(row.path).rounds)]
    rows.sort(key=lambda row: row.created)
    runs = [one for one in seed_runs(rows) if one.state == DONE and _is_sound(one)]
    if runs:
        told = compare_curves(group_curves(runs))
        yield f"<h3>{escaped(told['metric'])}</h3>"
        yield from figures([_plot(told)])
        yield panel(_table(told), "strategies", sortable=True)
        yield f'<p class="soft">{_WORDS}</p>'


def _is_sound(run: SeedRun) -> bool:
    """Tell whether the curve of a run can be read."""
    try:
        group_curves([run])
    except UserError:
        return False
    return True


def _plot(told: Mapping[str, Any]) -> Plot:
    """Return the mean curve of each strategy, its deviation over seeds as a band."""
    lines = [_mean(group) for group in told["groups"]]
    notes = (
        ["bands: the standard deviation over seeds"] if any(one.is_band for one in lines) else []
    )
    return Plot("Learning curves", told["metric"], "labels", lines, notes=notes)


def _mean(group: Mapping[str, Any]) -> Line:
    line = points(group["name"], group["labelled"], group["mean"])
    if len(group["runs"]) == 1:
        return line
    pairs = [*zip(group["mean"], group["deviation"], strict=True)]
    low, high = [mean - one for mean, one in pairs], [mean + one for mean, one in pairs]
    return line._replace(low=low, high=high, is_band=True)


def _table(told: Mapping[str, Any]) -> Table:
    groups: Sequence[Mapping[str, Any]] = told["groups"]
    columns = [
        *(Column("strategy", str), Column("runs", numeric=True), Column("labels", numeric=True)),
        *(numbers(title) for title in ("in the end", "deviation", "area", "deviation of the area")),
        *(numbers(f"to {told.get('baseline', '')}"), Column("verdict", str)),
    ]
    return Table(columns, [_line(group) for group in groups]).without_empty()


def _line(group: Mapping[str, Any]) -> list[Any]:
    several = len(group["runs"]) > 1
    return [
        *(group["name"], len(group["runs"]), group["labelled"][-1], group["mean"][-1]),
        *(group["deviation"][-1] if several else None, group["area"]),
        *(group["area_deviation"] if several else None, group.get("difference")),
        group.get("verdict"),
    ]
