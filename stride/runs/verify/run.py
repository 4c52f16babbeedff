"""Check a run folder without running anything: hashes, schemas, completeness, order of steps."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from stride.errors import RunError
from stride.runs.layout import TEMPORARY_PREFIX, RunPaths
from stride.runs.provenance.imported import is_imported
from stride.runs.provenance.start_state import NEVER_BEGAN, missing_start_file, never_began
from stride.runs.provenance.worktree import fault_of_patch
from stride.runs.records.provenance import ProvenanceRecord
from stride.runs.records.results import ResultsRecord
from stride.runs.records.status import StatusRecord
from stride.runs.run_folder import is_run_folder
from stride.runs.status import CLEAN_END, is_written, newest_segment
from stride.runs.verify.checkpoints import check_checkpoints, check_weights
from stride.runs.verify.evaluations import check_evaluations
from stride.runs.verify.labels import check_labels
from stride.runs.verify.reconstruction import check_reconstruction
from stride.runs.verify.records import check_records, check_segments
from stride.runs.verify.replay import check_replay
from stride.runs.verify.report import Problem, Report
from stride.runs.verify.streams import (
    check_artifacts,
    check_fingerprints,
    check_metrics,
    check_rounds,
)
from stride.visible import quoted

__all__ = ["Problem", "Report", "verify_records", "verify_run"]

_LOOKS = 4
_PAUSE = 0.3  # seconds between two looks at a run that is being written


def verify_run(path: Path | str) -> Report:
    """Check everything in a run folder and return what was found.

    Files of a run that is being written come and go: a problem counts only if it is there each
    time one looks.

    Args:
        path: the run folder.

    Raises:
        RunError: there is not a run folder.
    """
    paths = RunPaths(Path(path))
    if not is_run_folder(paths.path):
        hint = f"`stride ls {quoted(paths.path.parent)}` shows the runs"
        raise RunError("no run folder here", where=str(path), hint=hint)
    report, written = _look(paths)
    for _ in range(_LOOKS - 1):
        if report.ok or not written:
            break
        time.sleep(_PAUSE)
        before = report.problems
        report, written = _look(paths)
        report.problems = [problem for problem in report.problems if problem in before]
    return report


def verify_records(path: Path | str) -> Report:
    """Check the records of a run folder alone: nothing is hashed, and no stream is read.

    Args:
        path: the run folder.
    """
    report, paths = Report(Path(path)), RunPaths(Path(path))
    status, _ = check_records(report, paths)
    check_segments(report, paths, status)
    return report


def _look(paths: RunPaths) -> tuple[Report, bool]:
    """Return what one look finds, and whether the run was written meanwhile."""
    report = Report(paths.path)
    segment, written = newest_segment(paths), is_written(paths)
    status, results = check_records(report, paths)
    ended = status is not None and status.state in CLEAN_END and not written
    check_segments(report, paths, status)
    final = results if ended else None
    check_metrics(report, paths, final)
    check_fingerprints(report, paths, final)
    check_rounds(report, paths)
    check_artifacts(report, paths)
    check_labels(report, paths)
    check_evaluations(report, paths)
    check_reconstruction(report, paths)
    check_checkpoints(report, paths, ended and not is_imported(paths))
    check_replay(report, paths)
    check_weights(report, paths, final)
    # A process may have come and gone in between.
    written = written or is_written(paths) or newest_segment(paths) != segment
    if written:
        report.notes.clear()  # what looks left behind is being written
    else:
        _check_complete(report, paths, status, results)
        _note_temporaries(report)
    return report, written


def _check_complete(
    report: Report, paths: RunPaths, status: StatusRecord | None, results: ResultsRecord | None
) -> None:
    """Tell of files that are missing: no problem where a process was killed before."""
    killed = status is not None and status.state not in CLEAN_END
    if (killed or status is None) and never_began(paths):
        report.note(paths.path, f"{NEVER_BEGAN}: there is nothing to resume")
        return
    missing = missing_start_file(paths)
    early = [paths.config, paths.provenance]  # written before any checkpoint
    early += [missing] if missing is not None and missing not in early else []
    begun = report.counts["checkpoints"] > 0
    needed = list(early)
    if not killed:
        needed += [paths.results, paths.metrics]
        needed += [] if is_imported(paths) else [paths.checkpoint_index]
        if results is not None and results.weights_sha256 is not None:
            needed.append(paths.weights)
    for path in [paths.status, *needed]:
        if os.path.lexists(path):
            continue
        if killed and path != paths.status and not (begun and path in early):
            report.note(path, "it is missing: the process ended before it was written")
        else:
            report.problem(path, "it is missing")
    with suppress(RunError):  # told by the check of the records
        fault = fault_of_patch(paths, ProvenanceRecord.read(paths.provenance).git)
        if fault and (begun or not killed):
            report.problem(paths.code_patch, fault)


def _note_temporaries(report: Report) -> None:
    """Tell of what killed processes left; one that has just ended its run removes its own."""
    found = sorted(_temporaries(report.path))
    if found:
        time.sleep(_PAUSE)
    for path in filter(os.path.lexists, found):
        report.note(path, "left by a process that was killed; the next start removes it")


def _temporaries(folder: Path) -> Iterator[Path]:
    """Yield what has a temporary name; a folder that goes meanwhile holds nothing."""
    for root, folders, files in os.walk(folder):
        yield from (
            Path(root, name) for name in folders + files if name.startswith(TEMPORARY_PREFIX)
        )
