"""`stride export`."""

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stride_cli.address import select
from stride_cli.listed import listed
from stride_cli.output import print_json, print_path, show_progress, tell

if TYPE_CHECKING:
    from stride.exchange.export.export import Exported
    from stride.exchange.export.source import Source


def run(
    places: Sequence[str],
    to: str,
    out: str | None,
    where: str | None,
    *,
    all_runs: bool,
    json: bool,
) -> None:
    """Write runs as another tool reads them, and print the folder."""
    from stride.exchange.export.export import export_runs

    with select(places, where) as selection:
        rows = [*selection.rows()]
    folder = None if out is None else Path(out)
    try:
        done = export_runs(rows, to, folder, unfinished=all_runs, begin=_progress(len(rows)))
    finally:
        show_progress("")
    if json:
        print_json(_record(done, to))
        return
    print_path(done.folder)
    if done.left_out:
        shown = listed([f"{path} ({reason})" for path, reason in done.left_out])
        tell(f"left out: {shown}")
    tell(f"{_counts(done)}; to look at them: {done.look}")


def _progress(total: int) -> "Callable[[Source], None]":
    """Return what tells on a terminal which run is written."""
    numbers = count(1)
    return lambda source: show_progress(f"{next(numbers)} of {total} runs: {source.label}")


def _counts(done: "Exported") -> str:
    runs = _counted(len(done.sources), "run")
    rows = _counted(sum(source.count for source in done.sources), "row")
    replaced = ", in the place of an earlier export" if done.replaced else ""
    return f"{runs}, {rows} of metrics{replaced}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _record(done: "Exported", to: str) -> dict[str, Any]:
    return {
        "to": to,
        "folder": str(done.folder),
        "replaced": done.replaced,
        "runs": [
            {
                "run": source.row.name,
                "path": str(source.row.path),
                "uuid": source.row.uuid,
                "label": source.label,
                "rows": source.count,
                "artifacts": len(source.artifacts),
            }
            for source in done.sources
        ],
        "left_out": [
            {"run": path.name, "path": str(path), "reason": reason}
            for path, reason in done.left_out
        ],
    }
