"""Check the checkpoints and weights of a run: every file there, of the recorded size and digest."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.files.digest import require_digest, sha256
from stride.runs.files.safetensors_header import check_tensors
from stride.runs.layout import CheckpointPaths, RunPaths
from stride.runs.provenance.config_digest import known_configs
from stride.runs.provenance.start_state import frozen_digests
from stride.runs.records.checkpoint import (
    CheckpointIndex,
    CheckpointRecord,
    CheckpointState,
    FileDigest,
)
from stride.runs.records.results import ResultsRecord
from stride.runs.streams import StreamPosition, missing_bytes
from stride.runs.verify.records import read_if_there
from stride.runs.verify.report import Report

_THREADS = 2
_DELETE = "delete this checkpoint's folder; an older one serves"

Listed = tuple[Path, FileDigest]


def check_checkpoints(report: Report, paths: RunPaths, ended: bool) -> None:
    """Check every checkpoint, the index of them, and the one that a fork began from.

    Args:
        report: what is found goes there.
        paths: the run.
        ended: whether the run has ended in order: a killed process may leave a checkpoint that
            is not yet, or no longer, in the index.
    """
    folders = _folders(paths.checkpoints)
    index = read_if_there(report, paths.checkpoint_index, CheckpointIndex)
    if index is not None:
        _check_index(report, paths, index, folders)
        listed = {entry.name for entry in index.entries}
        _tell_unlisted(report, paths, sorted(folders - listed), ended)
        folders &= listed
    if ended and not folders:
        if index is None or index.entries:
            report.problem(paths.checkpoints, "there is no checkpoint")
        else:  # a training that has ended has some in it
            report.note(paths.checkpoints, "all of them were pruned")
    files: list[Listed] = []
    for name in sorted(folders):
        report.counts["checkpoints"] += 1
        files += _check_checkpoint(report, paths, paths.checkpoint(name))
    if paths.origin.path.is_dir():
        files += _check_checkpoint(report, paths, paths.origin)
    _check_digests(report, files)


def _folders(checkpoints: Path) -> set[str]:
    """Return the names of all folders of checkpoints, unfinished ones aside."""
    try:
        with os.scandir(checkpoints) as entries:
            return {e.name for e in entries if not e.name.startswith(".") and e.is_dir()}
    except OSError:
        return set()


def _check_index(
    report: Report, paths: RunPaths, index: CheckpointIndex, folders: set[str]
) -> None:
    """Check that the index is in order and names only checkpoints that are there."""
    names = [entry.name for entry in index.entries]
    for name in [name for name in names if name not in folders]:
        report.problem(paths.checkpoint_index, f"it lists {name}, which is not there")
    for kind, named in (("best", index.best), ("last", index.last)):
        if named is not None and named not in names:
            what = f"the {kind} checkpoint, {named}, is none of those that it lists"
            report.problem(paths.checkpoint_index, what)
    steps = [entry.step for entry in index.entries]
    if steps != sorted(steps):
        report.problem(paths.checkpoint_index, "its steps decrease")


def _tell_unlisted(report: Report, paths: RunPaths, names: Iterable[str], ended: bool) -> None:
    for name in names:
        path = paths.checkpoint(name).path
        if ended:
            report.problem(path, "it is not in the index", "delete it, if it is not needed")
        else:
            report.note(path, "not in the index: left by a process that was killed")


def _check_checkpoint(report: Report, paths: RunPaths, checkpoint: CheckpointPaths) -> list[Listed]:
    """Check a checkpoint's record and names; return the files whose digests are to be checked."""
    record = None
    with report.checking(checkpoint.record, _DELETE):
        found = CheckpointRecord.read(checkpoint.record)
        found.require_of(_recorded(paths.status, "uuid"), known_configs(paths))
        record = found  # else its streams and files are not this run's
    if record is None:
        return []
    with report.checking(checkpoint.path, _DELETE):
        _check_names(report, checkpoint, record)
    if checkpoint != paths.origin:  # whose streams are another run's
        with report.checking(checkpoint.path, _DELETE):
            _check_streams(report, paths, record)
    return [(checkpoint.path / name, digest) for name, digest in record.files.items()]


def _recorded(path: Path, key: str) -> Any:
    """Return what a record says; nothing where it is broken, which is told by itself."""
    with suppress(RunError):
        return read_record(path).get(key)
    return None


def _check_names(report: Report, checkpoint: CheckpointPaths, record: CheckpointRecord) -> None:
    """Check that a checkpoint lists its state, and has no file that it does not list."""
    if checkpoint.state.name not in record.files:
        report.problem(checkpoint.record, f"it does not list {checkpoint.state.name}", _DELETE)
    known = {*record.files, checkpoint.record.name}
    for name in sorted(set(os.listdir(checkpoint.path)) - known):
        report.problem(checkpoint.path / name, "it is not a file of this checkpoint", "delete it")


def _check_streams(report: Report, paths: RunPaths, record: CheckpointRecord) -> None:
    """Check that no stream has lost what it had when a checkpoint was written."""
    position = StreamPosition(record.step, record.streams)
    for name, missing in missing_bytes(paths, position).items():
        what = f"{missing} bytes that it had at step {record.step} are gone"
        report.problem(paths.path / name, what)


def _check_digests(report: Report, files: list[Listed]) -> None:
    """Check sizes and digests, two files at a time."""
    with ThreadPoolExecutor(_THREADS) as pool:
        digests = pool.map(_digest, files)
        for path, expected in files:
            with report.checking(path, _DELETE):
                _check_one(report, path, expected, next(digests))


def _check_one(
    report: Report, path: Path, expected: FileDigest, found: str | OSError | RunError
) -> None:
    """Check one file of a checkpoint; its content only where it is the file that was written."""
    if isinstance(found, (OSError, RunError)):
        raise found
    report.counts["files"] += 1
    if not found:
        what = f"{path.stat().st_size} bytes instead of {expected.size}"
        report.problem(path, what, _DELETE)
    elif found != expected.sha256:
        report.problem(path, "damaged: its SHA-256 is not the recorded one", _DELETE)
    elif path == CheckpointPaths(path.parent).state:
        record = CheckpointRecord.read(CheckpointPaths(path.parent).record)
        record.require_state(path, CheckpointState.read(path).parts)


def _digest(file: Listed) -> str | OSError | RunError:
    """Return a file's SHA-256, nothing where its size is wrong anyhow, or why it is not read."""
    path, expected = file
    try:
        return sha256(path) if path.stat().st_size == expected.size else ""
    except (OSError, RunError) as error:
        return error


def check_weights(report: Report, paths: RunPaths, results: ResultsRecord | None) -> None:
    """Check that the weights are whole, and those that the results were measured with.

    Args:
        report: what is found goes there.
        paths: the run.
        results: those of a run that has ended in order; in others they may be of other weights.
    """
    if os.path.lexists(paths.initial_weights):
        with report.checking(paths.initial_weights):
            check_tensors(paths.initial_weights)
            digest = _recorded(paths.provenance, "initial_weights_sha256")
            require_digest(paths.initial_weights, digest)
    for path, digest in frozen_digests(paths).items():
        if os.path.lexists(path):
            with report.checking(path):
                check_tensors(path)
                require_digest(path, digest)
    expected = results.weights_sha256 if results is not None else None
    if os.path.lexists(paths.weights):
        with report.checking(paths.weights):
            check_tensors(paths.weights)
            if expected is None:
                return
            report.counts["files"] += 1
            if sha256(paths.weights) != expected:
                what = f"damaged: its SHA-256 is not the one in {paths.results.name}"
                report.problem(paths.weights, what)
