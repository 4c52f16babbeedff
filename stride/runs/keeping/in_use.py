"""Know whether anything works on a run, so that it must not be taken from under it."""

from contextlib import suppress

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.jobs import recorded_job
from stride.runs.layout import RunPaths
from stride.runs.process import is_alive, is_here
from stride.runs.status import ACTIVE, current_state, is_written, newest_segment
from stride.visible import quoted


def require_unused(paths: RunPaths) -> None:
    """Refuse a run that a process writes, or is about to.

    Raises:
        RunError: says who, and how to end that.
    """
    where, state = str(paths.path), _state(paths)
    if state in ACTIVE or (not state and is_written(paths)):
        hint = "stop it first: Ctrl-C where it runs, or kill its process"
        raise RunError(f"run {paths.name} is running", where=where, hint=hint)
    if state == "queued" and recorded_job(paths) is not None:
        what = f"run {paths.name} waits for its job to start"
        raise RunError(what, where=where, hint=f"type: stride cancel {quoted(paths.path)}")
    if state == "waiting" and (pid := _living(paths)):
        what = f"run {paths.name} waits for labels, and its process {pid} still lives"
        raise RunError(what, where=where, hint="end that process first")


def _state(paths: RunPaths) -> str:
    """Return the state of a run, the empty text where it cannot be read."""
    with suppress(RunError):
        return current_state(paths)[0]
    return ""


def _living(paths: RunPaths) -> int | None:
    """Return the id of the process that began the newest segment, while it lives on this host."""
    newest = newest_segment(paths)
    with suppress(RunError):
        segment = {} if newest is None else read_record(paths.segment(newest))
        if is_here(segment) and is_alive(segment):
            return int(segment["pid"])
    return None
