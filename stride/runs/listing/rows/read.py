"""Read the row of a run from as few files as can be.

The row of an ended run needs `status.json` alone when that carries `overrides` and `metrics`;
other runs are also looked up in provenance.json, results.json and metrics.jsonl.
"""

import errno
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.layout import RunPaths
from stride.runs.listing.measured import SPLITS, is_short, metrics_in, newest_row
from stride.runs.listing.progress import best_of, progress_of, read_progress
from stride.runs.listing.rows.row import RunRow
from stride.runs.listing.status_json import is_final, parse_status, read_status, read_time
from stride.runs.provenance.start_state import NEVER_BEGAN, never_began
from stride.runs.status import ACTIVE, BROKEN, FINAL, find_state, is_being_made

_NONSENSE = (TypeError, ValueError, OverflowError, KeyError, AttributeError)
# A listing looks for it in thousands of folders: hence texts, not paths.
_SEGMENTS = RunPaths(Path()).segments.name
_JSON = RunPaths(Path()).segment(0).suffix


def read_row(path: Path, now: float | None = None) -> RunRow:
    """Return the row of a run folder; a broken one is a row with its reason.

    Args:
        path: the run folder.
        now: the time to judge from, in Unix seconds.
    """
    moment = time.time() if now is None else now
    try:
        content, _ = read_status(str(path))
        return make_row(path, parse_status(path, content), moment)
    except (OSError, RunError) as error:
        return broken_row(path, error, moment)


def make_row(path: Path, status: Mapping[str, Any], now: float) -> RunRow:
    """Return the row of a run; where other files are broken, it says so.

    Args:
        path: the run folder.
        status: what `parse_status` returned.
        now: the time to judge from, in Unix seconds.
    """
    try:
        final = final_row(path, status)
        if final is not None and not is_begun_again(str(path), final[1]):
            return final[0]
        return _completed(_from_status(path, status), status, RunPaths(path), now)
    except RunError as error:
        reason = error.what
    except _NONSENSE as error:
        reason = f"the records of the run make no sense: {error}"
    created = float(status["created"])
    return RunRow(path.name, path, BROKEN, reason, created, broken=reason)


def final_row(path: Path, status: Mapping[str, Any]) -> tuple[RunRow, int] | None:
    """Return the row that status.json alone tells, and its segment; None where it does not.

    It holds as long as `is_begun_again` does not.
    """
    n = status.get("segment")
    if type(n) is not int or not is_final(status):
        return None
    try:
        return _from_status(path, status), n
    except _NONSENSE:
        return None


def is_begun_again(folder: str, segment: int) -> bool:
    """Tell whether the segment after the one that wrote the status is there, by one look."""
    return os.path.lexists(f"{folder}{os.sep}{_SEGMENTS}{os.sep}{segment + 1}{_JSON}")


def broken_row(path: Path, error: OSError | RunError, now: float) -> RunRow:
    """Return the row of a folder whose status.json is missing, unreadable or garbage.

    A folder without one is a run that is being made, while it is young or its process lives; later
    one that never began, unless there is more in it.
    """
    changed = _changed(path)
    if isinstance(error, FileNotFoundError):
        paths = RunPaths(path)
        with suppress(RunError):
            if is_being_made(paths, now):
                return RunRow(path.name, path, "created", created=changed)
        reason = NEVER_BEGAN if never_began(paths) else "no status.json"
    elif isinstance(error, RunError):
        reason = error.what
    elif error.errno == errno.ELOOP:
        reason = "a link that leads to itself"
    else:
        reason = f"status.json cannot be read: {error.strerror}"
    return RunRow(path.name, path, BROKEN, reason, changed, broken=reason)


def _changed(path: Path) -> float:
    """Return when a folder was last changed; a link that leads nowhere, when it was made."""
    for look in (os.stat, os.lstat):
        with suppress(OSError):
            return look(path).st_mtime
    return 0.0


def _from_status(path: Path, status: Mapping[str, Any]) -> RunRow:
    metrics, monitor = status.get("metrics") or {}, status.get("monitor") or {}
    started, ended = read_time(status, "started"), read_time(status, "ended")
    return RunRow(
        path.name,
        path,
        status["state"],
        str(status.get("reason", "")),
        float(status["created"]),
        started,
        ended,
        _duration(status, started, ended),
        metrics_in(metrics.get("best")),
        metrics_in(metrics.get("last")),
        metrics_in(metrics.get("test")),
        is_short(metrics),
        _text(monitor, "metric"),
        _text(monitor, "mode"),
        _texts(status),
        _text(status, "sweep"),
        _whole(status, "trial"),
        _text(status, "uuid"),
    )


def _text(record: Mapping[str, Any], key: str) -> str | None:
    value = record.get(key)
    return value if isinstance(value, str) else None


def _whole(record: Mapping[str, Any], key: str) -> int | None:
    value = record.get(key)
    return value if type(value) is int else None


def _texts(record: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(text) for text in record.get("overrides") or ())


def _completed(row: RunRow, status: Mapping[str, Any], paths: RunPaths, now: float) -> RunRow:
    """Derive the state, and fill what status.json does not tell from the other files."""
    row = _alive(row, status, paths, now)
    if "overrides" not in status:
        row = row._replace(overrides=_texts(_optional(paths.provenance)))
    if status["state"] in ACTIVE:
        return _with_progress(row, status, paths)
    return row if "metrics" in status else _with_results(row, paths)


def _alive(row: RunRow, status: Mapping[str, Any], paths: RunPaths, now: float) -> RunRow:
    state, reason, heartbeat = find_state(paths, status, now)
    if state == row.state and state in FINAL:
        return row
    ended = _last_sign(heartbeat, paths) if state in FINAL else None
    until = now if state == "running" else ended
    duration = _duration(status, row.started, until)
    return row._replace(state=state, reason=reason, ended=ended, duration=duration)


def _duration(
    status: Mapping[str, Any], started: float | None, until: float | None
) -> float | None:
    """Return the seconds in which the run was worked on; between two segments it was not."""
    if started is None or until is None:
        return None
    return max(0.0, until - started - (read_time(status, "paused") or 0.0))


def _last_sign(heartbeat: float | None, paths: RunPaths) -> float | None:
    """Return when a run that ended without a word last wrote: a heartbeat or a row of metrics."""
    signs = [] if heartbeat is None else [heartbeat]
    with suppress(OSError):
        signs.append(os.stat(paths.metrics).st_mtime)
    return max(signs, default=None)


def _with_results(row: RunRow, paths: RunPaths) -> RunRow:
    """Take monitor and metrics from the results, before there are any from the stream."""
    results = _optional(paths.results)
    monitor = results.get("monitor") or {}
    best, last, test = (metrics_in(results.get(split)) for split in SPLITS)
    return row._replace(
        best=best,
        last=last or metrics_in(newest_row(paths)),
        test=test,
        short=False,
        monitor=row.monitor or _text(monitor, "metric"),
        mode=row.mode or _text(monitor, "mode"),
    )


def _with_progress(row: RunRow, status: Mapping[str, Any], paths: RunPaths) -> RunRow:
    """Say where a training is: results that are there already were those of an earlier end."""
    record, newest = read_progress(paths, status.get("segment")), newest_row(paths)
    if not record:
        row = _with_results(row, paths)
    metrics, monitor = record.get("metrics") or {}, record.get("monitor") or {}
    return row._replace(
        best=best_of(record, newest) or row.best,
        last={**row.last, **metrics_in(metrics.get("last")), **metrics_in(newest)},
        monitor=_text(monitor, "metric") or row.monitor,
        mode=_text(monitor, "mode") or row.mode,
        progress=progress_of(record, newest),
        short=False,
    )


def _optional(path: Path) -> dict[str, Any]:
    """Return a record that may be missing; a broken one makes the row a broken one."""
    try:
        return read_record(path)
    except RunError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return {}
        raise
