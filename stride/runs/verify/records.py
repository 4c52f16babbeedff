"""Check the JSON files of a run folder against their records, and its segments for gaps."""

import os
from pathlib import Path
from typing import TypeVar

from stride.runs.layout import RunPaths
from stride.runs.provenance.config_digest import require_known_config
from stride.runs.provenance.imported import is_imported
from stride.runs.records.imported import ImportedConfig
from stride.runs.records.job import JobRecord
from stride.runs.records.normalization import NormalizationRecord
from stride.runs.records.provenance import ProvenanceRecord
from stride.runs.records.record import Versioned
from stride.runs.records.reproduction import ReproductionRecord
from stride.runs.records.results import ResultsRecord
from stride.runs.records.segment import SegmentRecord
from stride.runs.records.signature import SignatureRecord
from stride.runs.records.status import ProgressRecord, StatusRecord
from stride.runs.records.tags import TagsRecord
from stride.runs.run import Run
from stride.runs.status import segment_numbers
from stride.runs.verify.report import Report

Kind = TypeVar("Kind", bound=Versioned)


def check_records(
    report: Report, paths: RunPaths
) -> tuple[StatusRecord | None, ResultsRecord | None]:
    """Check the JSON files at the top of every folder; return the status and the results.

    Those that are missing or broken are None.
    """
    status = read_if_there(report, paths.status, StatusRecord)
    results = read_if_there(report, paths.results, ResultsRecord)
    read_if_there(report, paths.provenance, ProvenanceRecord)
    read_if_there(report, paths.progress, ProgressRecord)
    read_if_there(report, paths.job, JobRecord)
    read_if_there(report, paths.normalization, NormalizationRecord)
    read_if_there(report, paths.reproduction, ReproductionRecord)
    read_if_there(report, paths.signature, SignatureRecord)
    read_if_there(report, paths.tags, TagsRecord)
    if os.path.lexists(paths.config):
        with report.checking(paths.config):
            _check_config(report, paths)
            require_known_config(paths)
    if status is not None:
        _note_clock(report, paths, status)
    return status, results


def _check_config(report: Report, paths: RunPaths) -> None:
    if is_imported(paths):
        ImportedConfig.read(paths.config)
        return
    for what in Run(paths.path).skipped_keys.values():
        report.note(paths.config, f"{what}: skipped by this version")


def read_if_there(report: Report, path: Path, kind: type[Kind]) -> Kind | None:
    """Return the record in a file, None where it is missing or broken."""
    if os.path.lexists(path):
        with report.checking(path):
            return kind.read(path)
    return None


def _note_clock(report: Report, paths: RunPaths, status: StatusRecord) -> None:
    times = [status.created, status.started, status.ended]
    known = [time for time in times if time is not None]
    if known != sorted(known):
        report.note(paths.status, "its times run backwards: the clock was set back meanwhile")


def check_segments(report: Report, paths: RunPaths, status: StatusRecord | None) -> None:
    """Check that the segments are whole, numbered without a gap, and the status is of one."""
    numbers = set(segment_numbers(paths))
    for n in numbers:
        segment = read_if_there(report, paths.segment(n), SegmentRecord)
        if segment is not None and segment.n != n:
            report.problem(paths.segment(n), f"it is the record of segment {segment.n}")
    newest = max(numbers, default=-1)
    for n in sorted(set(range(newest)) - numbers):
        report.problem(paths.segment(n), f"it is missing, while there is a segment {newest}")
    if status is not None and status.state != "queued" and status.segment > newest:
        report.problem(paths.segment(status.segment), "it is missing, but wrote status.json")
