"""`stride plot`."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stride_cli.address import require_runs, select
from stride_cli.output import colourful, has_unicode, print_drawing, print_json, print_path

if TYPE_CHECKING:
    from stride.plots.plot import Plot
    from stride.runs.curves.drawn import RunPlots

ELSEWHERE = 80, 24  # columns and lines where there is no terminal
PROMPT = 2  # lines that are left for it
HIGHEST = 40  # lines of a plot, where nobody says how high it is to be


def run(
    places: Sequence[str],
    metrics: Sequence[str],
    *,
    where: str | None,
    by: str | None,
    drawn: Mapping[str, Any],
    height: int | None,
    out: str | None,
    json: bool,
) -> None:
    """Draw metrics of runs in the terminal, or into a file."""
    if out is not None:
        from stride.plots.formats import format_of

        format_of(out)  # a mistake is told before much is read
    plots = _plots(places, metrics, where=where, by=by, drawn=drawn)
    files = [] if out is None else plots.save(out)
    if json:
        records = [_record(plot, plots) for plot in plots]
        print_json({"plots": records, "files": [*map(str, files)]})
        return
    for file in files:
        print_path(file)
    if not files:
        print_drawing("\n\n".join(_shown(plot, height) for plot in plots))


def _plots(
    places: Sequence[str],
    metrics: Sequence[str],
    *,
    where: str | None,
    by: str | None,
    drawn: Mapping[str, Any],
) -> "RunPlots":
    """Return the plots of runs: those that are named one by one are lines of their own.

    Raises:
        UserError: there is no such run, metric or key; or an option has a wrong value.
    """
    from stride.errors import UserError
    from stride.runs.curves.groups import RUN
    from stride.runs.curves.plots import plot_runs
    from stride.runs.listing.places import is_run

    keys = None if by is None else [*dict.fromkeys(filter(None, map(str.strip, by.split(","))))]
    if keys is None and all(map(is_run, places)):
        keys = [RUN]
    if keys == []:
        raise UserError("--by names no key", hint="type: --by lr")
    with select(places, where) as selection:
        require_runs(selection, places, where)
        return plot_runs(selection.facts(), metrics, by=keys, **drawn)


def _shown(plot: "Plot", height: int | None) -> str:
    """Return a plot as wide as the terminal, and no higher than can be seen at once."""
    from stride.plots.terminal import terminal_plot

    width, lines = shutil.get_terminal_size() if sys.stdout.isatty() else ELSEWHERE
    rows = height or min(lines - PROMPT, HIGHEST)
    return terminal_plot(plot, width, rows, colour=colourful(), unicode=has_unicode())


def _record(plot: "Plot", plots: "RunPlots") -> dict[str, Any]:
    """Return a plot as a program is told."""
    lines = [
        line._asdict() | {"runs": [str(path) for path in plots.runs[line.label]]}
        for line in plot.lines
    ]
    return plot._asdict() | {"lines": lines}
