"""Open the runs of work_dirs as a list that can be filtered, sorted and turned into a frame."""

import os
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from stride.errors import MissingExtra
from stride.runs.listing.facts import Facts, with_all_metrics
from stride.runs.listing.places import selected
from stride.runs.listing.query import best_run
from stride.runs.listing.rows.row import RunRow
from stride.runs.listing.selection import GivenRows, Selection
from stride.runs.run import Run

if TYPE_CHECKING:
    from stride.runs.curves.drawn import RunPlots

_SHOWN = 50  # names of runs


def open_runs(
    *work_dirs: str | os.PathLike[str], where: str | None = None, sort: str | None = None
) -> "RunList":
    """Open the runs of work_dirs, newest first.

    Args:
        work_dirs: or folders above some.
        where: a query that has to hold: `"lr < 1e-2 and status == done"`.
        sort: a name to sort by, with `-` before it the largest first.

    Raises:
        RunError: a work_dir is missing or cannot be read.
        UserError: the query is wrong, or no run has such a name.
    """
    with selected(work_dirs, whole=True) as selection:
        _choose(selection, where, sort)
        return RunList(selection.rows())


class RunList(Sequence[Run]):
    """Hold runs as they were when they were opened; each look at a `Run` reads its folder.

    Args:
        rows: of the runs, in their order.
    """

    def __init__(self, rows: Iterable[RunRow]) -> None:
        self.rows = tuple(rows)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, at: int) -> Run: ...

    @overload
    def __getitem__(self, at: slice) -> "RunList": ...

    def __getitem__(self, at: int | slice) -> "Run | RunList":
        return RunList(self.rows[at]) if isinstance(at, slice) else Run(self.rows[at].path)

    def where(self, query: str) -> "RunList":
        """Return the runs for which a query holds.

        Raises:
            QueryError: it is wrong; says where.
        """
        return self._chosen(query, None)

    def sort(self, by: str) -> "RunList":
        """Return the runs sorted by a name, with `-` before it the largest first.

        Raises:
            UserError: there is no such name, or it may mean several.
        """
        return self._chosen(None, by)

    def best(self) -> Run:
        """Return the finished run with the best value of the metric that the runs monitored.

        Raises:
            RunError: no finished run recorded one, or the runs monitored different metrics.
        """
        return Run(best_run(self.rows).path)

    def plot(
        self,
        *metrics: str,
        along: str = "step",
        smooth: float = 0.0,
        log: bool = False,
        by: str | Sequence[str] | None = None,
    ) -> "RunPlots":
        """Draw how metrics of the runs went: a notebook shows the plots, `save(path)` writes them.

        Runs that differ by their seed alone are one line, their mean; of many lines the best are
        drawn, and only their runs are read.

        Args:
            metrics: as of `Run.plot`.
            along: likewise.
            smooth: likewise.
            log: likewise.
            by: keys of the config whose values make a line, `"lr"`; `"run"` for a line of each run.

        Raises:
            UserError: there is no such metric or key, or an option has a wrong value.
            RunError: no run has recorded a metric, or none can be read.
        """
        from stride.runs.curves.plots import plot_runs  # loads what draws, which few need

        keys = [by] if isinstance(by, str) else by
        facts = map(Facts, self.rows)
        return plot_runs(facts, metrics, along=along, smooth=smooth, log=log, by=keys)

    def frame(self) -> Any:
        """Return a pandas DataFrame: a row for each run, with its state, config and metrics.

        Columns are `run`, `path`, `status`, the times in Unix seconds, dotted keys of the config,
        and names of metrics; of a metric the value where the run was best, else the last one.

        Raises:
            MissingExtra: pandas is not installed.
        """
        try:
            pandas: Any = import_module("pandas")
        except ImportError as cause:
            raise MissingExtra("pandas", "notebook", where="open_runs(...).frame()") from cause
        return pandas.DataFrame([_record(row) for row in self.rows])

    def __repr__(self) -> str:
        names = ", ".join(row.name for row in self.rows[:_SHOWN])
        more = ", ..." if len(self) > _SHOWN else ""
        return f"RunList({len(self)} runs: {names}{more})"

    def _repr_html_(self) -> str:
        from stride.runs.curves.in_output import curves_in_output  # for notebooks only
        from stride.runs.listing.html import SHOWN, runs_output

        return runs_output(self.rows, curves_in_output(self.rows[:SHOWN]))

    def _chosen(self, where: str | None, sort: str | None) -> "RunList":
        by_place: dict[Path, list[RunRow]] = {}
        for row in self.rows:
            by_place.setdefault(row.path.parent, []).append(row)
        sources = [GivenRows(place, rows) for place, rows in by_place.items()]
        runs = {run.path: run for source in sources for run in source.runs}
        selection = Selection(runs[row.path] for row in self.rows)
        _choose(selection, where, sort)
        return RunList(selection.rows())


def _choose(selection: Selection, where: str | None, sort: str | None) -> None:
    """Filter and sort runs; of none, no name is known."""
    if where is not None and len(selection):
        selection.where(where)
    if sort is not None and len(selection):
        selection.sort(sort)


def _record(row: RunRow) -> dict[str, Any]:
    whole = with_all_metrics(row)
    fields = ("run", "path", "status", "created", "started", "ended", "duration")
    known = {name: value for name, value in row.to_json().items() if name in fields}
    config = {k: v for k, v in Facts(row).config.items() if k not in ("run", "work_dir")}
    return {**known, **config, **whole.metrics}
