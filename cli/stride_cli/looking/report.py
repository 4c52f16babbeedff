"""`stride report`."""

from collections.abc import Sequence
from pathlib import Path

from stride_cli.address import require_runs, select
from stride_cli.output import print_path


def run(
    places: Sequence[str], metrics: Sequence[str], *, out: str | None, where: str | None
) -> None:
    """Write a page about runs, the oldest first, and print its path."""
    from stride.report.page import page_path, write_report
    from stride.runs.collection.run_list import RunList

    with select(places, where) as selection:
        path = page_path(_default(places) if out is None else out)
        runs = RunList(selection.rows())
    require_runs(runs, places, where)
    print_path(write_report(runs, path, metrics=metrics))


def _default(places: Sequence[str]) -> Path:
    """Return the page of the one work_dir that is named.

    Raises:
        UserError: several places are, or no work_dir.
    """
    from stride.errors import UserError
    from stride.runs.layout import WorkDirPaths
    from stride.runs.listing.places import is_run, is_work_dir

    if len(places) == 1 and not is_run(places[0]) and is_work_dir(Path(places[0])):
        return WorkDirPaths(Path(places[0])).report
    raise UserError("where to?", hint="type: -o report.html")
