"""Write an imported run: a run folder as STRIDE's own are, whole before it gets its name.

It is filled in a hidden folder of the work_dir and takes the place of an empty claim by one rename.
Whatever ends the process before that leaves no run.
"""

import os
import shutil
import uuid as uuids
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from stride.errors import RunError, StrideError
from stride.exchange.imports.source import SourceRun
from stride.exchange.imports.summary import Summary
from stride.runs.files.atomic import atomic_json, atomic_write, read_record
from stride.runs.files.durable import make_folder, os_errors_as, sync_folder
from stride.runs.files.encoding import json_bytes, load_json
from stride.runs.files.jsonl import LineFile
from stride.runs.files.safe_open import RECORD_LIMIT, require_size
from stride.runs.layout import RunPaths
from stride.runs.listing.measured import summary_of
from stride.runs.process import Process, is_alive, is_here
from stride.runs.provenance.config_digest import config_digest
from stride.runs.records.results import ResultsRecord
from stride.runs.records.segment import SegmentRecord
from stride.runs.records.status import StatusRecord
from stride.runs.work_dir import WorkDir

_AT_ONCE = 10_000  # rows


@contextmanager
def staged(work_dir: WorkDir) -> Iterator[RunPaths]:
    """Give a hidden folder to fill; it is gone at the end of the block unless it was published.

    Raises:
        StrideError: it cannot be written.
    """
    folder = work_dir.paths.staged(os.urandom(6).hex())
    with os_errors_as("cannot write in this work_dir", work_dir.path), work_dir.locked():
        _remove_left(work_dir)
        make_folder(folder)
    try:
        yield RunPaths(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_left(work_dir: WorkDir) -> None:
    """Remove what imports have left whose process was killed on this host."""
    for folder in work_dir.paths.staged_runs():
        with suppress(StrideError):
            segment = read_record(RunPaths(folder).segment(0))
            if is_here(segment) and not is_alive(segment):
                shutil.rmtree(folder, ignore_errors=True)


def begin(paths: RunPaths, config: Mapping[str, Any], started: float) -> None:
    """Say which process fills a folder, and put the config in it.

    Args:
        paths: of the folder.
        config: what config.json is to hold.
        started: when the training began, from which its time is counted, in Unix seconds.
    """
    process, token = Process.this().to_json(), os.urandom(8).hex()
    segment = SegmentRecord(
        n=0, token=token, started=started, config_sha256=config_digest(config), **process
    )
    make_folder(paths.segments)
    atomic_json(paths.segment(0), segment.to_json())
    write_record(paths.config, config)


def write_record(path: Path, values: Mapping[str, Any]) -> None:
    """Write a record of what a source holds; refuse one that no reader would take.

    Raises:
        RunError: it is too large or too deep.
    """
    try:
        content = json_bytes(values, indent=2)
        load_json(content)
    except (ValueError, RecursionError) as error:
        raise RunError(f"this source has values that {path.name} cannot hold: {error}") from None
    require_size(path, len(content), RECORD_LIMIT)
    atomic_write(path, content)


def write_rows(paths: RunPaths, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the stream of metrics."""
    left = iter(rows)
    with LineFile(paths.metrics) as file:
        while some := [*islice(left, _AT_ONCE)]:
            file.append(some)


def end(paths: RunPaths, found: SourceRun, summary: Summary) -> None:
    """Write results and status: the folder is whole from then on."""
    seconds = None if found.started is None else max(0.0, found.ended - found.started)
    results = _results(summary.results(seconds))
    process = Process.this()
    status = StatusRecord.model_validate(
        {
            "state": found.state,
            "reason": found.reason,
            "uuid": uuids.uuid4().hex,
            "created": found.created,
            "started": found.started,
            "ended": found.ended,
            "segment": 0,
            "host": process.host,
            "pid": process.pid,
            **summary_of(results),
        }
    )
    atomic_json(paths.results, results)
    atomic_json(paths.status, status.to_json())
    sync_folder(paths.path)


def _results(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return checked results, without the defaults of what the source does not tell."""
    record = ResultsRecord.model_validate(found)
    known = record.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return {"format_version": record.format_version, **known}


def publish(paths: RunPaths, work_dir: WorkDir, run: str | None) -> Path:
    """Give a folder that is whole its name; return the run's folder.

    Args:
        paths: of the hidden folder.
        work_dir: which gets the run.
        run: a number or name, None for the next number.

    Raises:
        RunError: the name is taken or refused.
    """
    place = work_dir.claim(run).path
    with os_errors_as("cannot write in this work_dir", work_dir.path, RunError):
        os.rename(paths.path, place)  # an empty folder gives way to a full one
        sync_folder(work_dir.path)
    return place
