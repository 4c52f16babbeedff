"""`stride compare`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stride_cli.address import find, is_run, is_work_dir
from stride_cli.formatting import number, setting
from stride_cli.output import print_csv, print_json, print_table
from stride_cli.reading.broken_records import broken_records_as_errors
from stride_cli.reading.ls import canonical_metrics, value

if TYPE_CHECKING:
    from stride.runs.listing.rows import RunRow


def run(runs: Sequence[str], metrics: Sequence[str], *, json: bool, csv: bool) -> None:
    """Put runs side by side: their metrics, and the config in which they differ."""
    from stride.runs.listing.rows import read_row

    rows = [_checked(read_row(folder)) for folder in _folders(runs)]
    names = canonical_metrics(metrics, rows) if metrics else _monitored(rows)
    config = _config(rows)
    if json:
        print_json(
            [
                {
                    "path": str(row.path),
                    "status": row.state,
                    "reason": row.reason,
                    "metrics": {name: value(row, name) for name in names},
                    "config": settings,
                }
                for row, settings in zip(rows, config, strict=True)
            ]
        )
        return
    keys = list(dict.fromkeys(key for settings in config for key in settings))
    header = ["run", "status", *names, *keys, *(["reason"] if csv else [])]
    show, none = (str, "") if csv else (number, "-")
    lines = [
        [str(row.path), row.state if csv else _status(row)]
        + [none if (found := value(row, name)) is None else show(found) for name in names]
        + [setting(settings[key]) if key in settings else none for key in keys]
        + ([row.reason] if csv else [])
        for row, settings in zip(rows, config, strict=True)
    ]
    if csv:
        print_csv(header, lines)
    else:
        print_table(header, lines, right=range(2, 2 + len(names)))


def _folders(runs: Sequence[str]) -> list[Path]:
    """Return the folders of the runs named, a work_dir standing for all of its runs."""
    from stride.runs.listing.query import list_runs

    folders: list[Path] = []
    for text in runs:
        if not is_run(text) and is_work_dir(Path(text)):
            folders += [row.path for row in reversed(list_runs(text))]
        else:
            folders.append(find(text))
    return list(dict.fromkeys(folders))


def _status(row: "RunRow") -> str:
    """Return the state, of a broken run with the reason."""
    return row.state if row.broken is None else f"{row.state} ({row.broken})"


def _checked(row: "RunRow") -> "RunRow":
    """Return the row, a broken one where the run's config cannot be read."""
    from stride.errors import UserError
    from stride.runs.compare import compare
    from stride.runs.listing.rows import BROKEN
    from stride.runs.run import Run

    if row.broken is not None or not _has_config(row):
        return row
    try:
        with broken_records_as_errors(str(row.path)):
            compare([Run(row.path)])
    except UserError as error:
        return row._replace(state=BROKEN, reason=error.what, broken=error.what)
    return row


def _has_config(row: "RunRow") -> bool:
    from stride.runs.layout import RunPaths

    return os.path.lexists(RunPaths(row.path).config)


def _config(rows: Sequence["RunRow"]) -> list[dict[str, Any]]:
    """Return for each run the keys in which the runs differ; nothing where no config is yet."""
    from stride.runs.compare import ABSENT, compare
    from stride.runs.run import Run

    readable = [row.path for row in rows if row.broken is None and _has_config(row)]
    found = compare([Run(path) for path in readable]).config
    places = {path: n for n, path in enumerate(readable)}
    return [
        {
            key: column[places[row.path]]
            for key, column in found.items()
            if row.path in places and column[places[row.path]] is not ABSENT
        }
        for row in rows
    ]


def _monitored(rows: Sequence["RunRow"]) -> list[str]:
    return list(dict.fromkeys(row.monitor for row in rows if row.monitor is not None))
