"""Check the streams of a run: each line whole, each step once, and none gone at the end."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.files.digest import require_digest
from stride.runs.files.jsonl import scan
from stride.runs.fingerprints import digests_of, steps_of
from stride.runs.layout import RunPaths
from stride.runs.records.record import Record
from stride.runs.records.results import ResultsRecord
from stride.runs.records.streams import ArtifactRow, FingerprintRow, MetricsRow, RoundRow
from stride.runs.verify.report import Report

_PLACE = frozenset({"step", "epoch", "time"})
_TORN = "its last line is torn; the next start cuts it off"


def check_metrics(report: Report, paths: RunPaths, results: ResultsRecord | None) -> None:
    """Check that steps never decrease, and that no row repeats the one before it.

    An end that falls on a report gives two rows of one step and epoch, with other metrics.

    Args:
        report: what is found goes there.
        paths: the run.
        results: those of a run that has ended in order, whose last step must be in the stream.
    """
    place, names = (-1, -1), frozenset[str]()
    with report.checking(paths.metrics):
        for number, row in checked_rows(report, paths.metrics, MetricsRow):
            here, given = (row["step"], row["epoch"]), frozenset(row) - _PLACE
            if here[0] < place[0] or here[1] < place[1]:
                raise RunError(f"line {number}: step {here[0]} comes after step {place[0]}")
            if here == place and given <= names:
                what = f"line {number}: step {here[0]} of epoch {here[1]} is there twice"
                raise RunError(what)
            names = given if here != place else names | given
            place = here
            report.counts["rows"] += 1
        _check_end(paths.metrics, place[0], results)


def check_fingerprints(report: Report, paths: RunPaths, results: ResultsRecord | None) -> None:
    """Check that each row of bits fits its type and begins where the one before it ended.

    Args:
        report: what is found goes there.
        paths: the run.
        results: those of a run that has ended in order, whose last step must be in the stream.
    """
    expected = None
    with report.checking(paths.fingerprints):
        for number, row in checked_rows(report, paths.fingerprints, FingerprintRow):
            try:
                steps, _ = steps_of(row), digests_of(row)
            except RunError as error:
                raise RunError(f"line {number}: {error.what}") from error
            if expected not in (None, row["step"]):
                what = f"line {number} begins at step {row['step']} and not at {expected}"
                raise RunError(what)
            expected = row["step"] + len(steps)
            report.counts["fingerprints"] += len(steps)
        _check_end(paths.fingerprints, (expected or 1) - 1, results)


def check_rounds(report: Report, paths: RunPaths) -> None:
    """Check that rounds follow each other, and that each trained on what the one before asked for.

    Args:
        report: what is found goes there.
        paths: the run.
    """
    if not os.path.lexists(paths.rounds):
        return
    number, labelled = 0, None
    with report.checking(paths.rounds):
        for line, row in checked_rows(report, paths.rounds, RoundRow):
            if row["round"] != number or labelled not in (None, row["labelled"]):
                what = f"line {line}: round {row['round']} with {row['labelled']} labels"
                raise RunError(f"{what} where round {number} with {labelled} was to come")
            if len(row["queried"]) != len(set(row["queried"])):
                raise RunError(f"line {line}: a sample was asked for twice")
            number, labelled = number + 1, row["labelled"] + len(row["queried"])
            report.counts["rounds"] = number


def check_artifacts(report: Report, paths: RunPaths) -> None:
    """Check that the steps of artifacts never decrease, and that each file is what was written.

    Where the config keeps some alone, a file may be gone.

    Args:
        report: what is found goes there.
        paths: the run.
    """
    if not os.path.lexists(paths.artifact_rows):
        return
    step, some = 0, _keeps_some(paths)
    with report.checking(paths.artifact_rows):
        for line, row in checked_rows(report, paths.artifact_rows, ArtifactRow):
            if row["step"] < step:
                raise RunError(f"line {line}: step {row['step']} comes after step {step}")
            step, file = row["step"], paths.artifacts / row["file"]
            if os.path.lexists(file):
                report.counts["files"] += 1
                with report.checking(file):
                    require_digest(file, row["sha256"])
            elif not some:
                report.problem(file, "it is missing")


def _keeps_some(paths: RunPaths) -> bool:
    """Tell whether the config lets artifacts go; a broken one is told of elsewhere."""
    with suppress(RunError):
        config = read_record(paths.config, unversioned=1)
        return bool((config.get("logging_config") or {}).get("keep_artifacts"))
    return True


def _check_end(path: Path, step: int, results: ResultsRecord | None) -> None:
    """Refuse a stream whose rows end before the run did."""
    last = (results.last.step if results is not None else None) or 0
    if os.path.lexists(path) and max(0, step) < last:
        raise RunError(f"its rows end at step {max(0, step)} of {last}")


def checked_rows(
    report: Report, path: Path, kind: type[Record], torn: str = _TORN
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a stream that fit their record.

    Args:
        report: is told of a torn last line.
        path: the stream.
        kind: its record.
        torn: what is said of such a line.

    Raises:
        RunError: the first that does not.
    """
    for number, row in scan(path, on_torn=lambda _: report.note(path, torn)):
        try:
            kind.model_validate(row)
        except ValueError as error:
            raise RunError(f"line {number}: {_reason(error)}") from error
        yield number, row


def _reason(error: ValueError) -> str:
    """Return key and message out of the several lines in which pydantic tells an error."""
    _, key, message, *_ = [*str(error).splitlines(), "", ""]
    return f"{key}: {message.partition(' [type=')[0].strip()}"
