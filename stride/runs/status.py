"""Derive the state that a run is in from its status.json, its newest segment and a heartbeat.

The state that a writer recorded is not trusted: `running` with a dead process on this host, or
without a heartbeat from another one, is `interrupted`. Whatever asks for a run's state asks here.
"""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.layout import RunPaths, segment_number
from stride.runs.run_names import number_of
from stride.visible import quoted

State = Literal[
    "queued", "created", "running", "waiting", "done", "failed", "interrupted", "stopped"
]


class Traits(NamedTuple):
    """Say what a state means to those who read it.

    Attributes:
        active: a process writes, or is about to: the state holds while that process lives.
        final: only a new segment changes it.
        clean: the run came to its end, and all that belongs to it was written.
        resumable: the training can be continued as it is, with nothing added or changed.
    """

    active: bool = False
    final: bool = False
    clean: bool = False
    resumable: bool = False


STATES: Mapping[State, Traits] = {
    "queued": Traits(),
    "created": Traits(active=True),
    "running": Traits(active=True),
    "waiting": Traits(),
    "done": Traits(final=True, clean=True),
    "failed": Traits(final=True, resumable=True),
    "interrupted": Traits(final=True, resumable=True),
    "stopped": Traits(final=True, clean=True, resumable=True),
}
"""Every state of a run."""

BROKEN = "broken"
"""What stands for a state where the folder tells none."""

ACTIVE = frozenset(state for state, traits in STATES.items() if traits.active)
FINAL = frozenset(state for state, traits in STATES.items() if traits.final)
CLEAN_END = frozenset(state for state, traits in STATES.items() if traits.clean)
RESUMABLE = frozenset(state for state, traits in STATES.items() if traits.resumable)


def next_command(state: str, run: str) -> str:
    """Return what to type so that a run in a state goes on; empty where that is not clear.

    Args:
        state: as derived.
        run: the run's folder, as it is typed.
    """
    command = {"waiting": "label", "interrupted": "resume"}.get(state)
    if command is None:
        return ""
    return f"stride {command} {quoted(run)}"


def resume_lines(run: Path) -> tuple[str, str, str]:
    """Return what to type so that a training goes on, or to look at it: in Python and in a shell.

    Args:
        run: the run's folder, as it is typed.
    """
    number = number_of(run.name)
    chosen = repr(run.name) if number < 0 else str(number)
    return (
        f"trainer.fit(resume={chosen})",
        f"run = stride.load_run({str(run)!r})",
        f"stride resume {quoted(run)}",
    )


HEARTBEAT_EVERY = 10.0
"""Seconds between two heartbeats of a writer."""

STALE_AFTER = 60.0
"""Seconds without a heartbeat after which a process on another host counts as gone.

As far may the clocks of hosts be apart: a heartbeat from further in the future says nothing.
"""


def derive(
    status: Mapping[str, Any],
    segment: Mapping[str, Any] | None,
    heartbeat: float | None,
    now: float,
) -> tuple[str, str]:
    """Return the state that a run is in, and the reason.

    Args:
        status: what status.json holds.
        segment: what the newest segment's record holds, if there is one.
        heartbeat: when that segment's heartbeat was last touched, in Unix seconds.
        now: the time to judge from, in Unix seconds.

    Raises:
        RunError: the status names an unknown state.
    """
    state, reason = status.get("state"), str(status.get("reason", ""))
    if not isinstance(state, str) or state not in STATES:
        raise RunError(f"status.json names an unknown state {state!r}")
    if state in ACTIVE:
        gone = _gone(status, segment, heartbeat, now)
        return ("interrupted", gone) if gone else (state, reason)
    # A segment that has begun after that was recorded, and has recorded nothing itself.
    silent = segment is not None and segment.get("n") != status.get("segment")
    if silent and not _gone(status, segment, heartbeat, now):
        return "created", ""
    return state, reason


def _gone(
    status: Mapping[str, Any],
    segment: Mapping[str, Any] | None,
    heartbeat: float | None,
    now: float,
) -> str:
    """Return why the writing process counts as ended, or the empty text while it lives."""
    from stride.runs.process import is_alive, is_here  # a listing of ended runs needs neither

    who = status if segment is None else segment
    host, pid = who.get("host", "an unknown host"), who.get("pid")
    if segment is not None and is_here(segment):
        return "" if is_alive(segment) else f"process {pid} on {host} has ended without a word"
    seen = (heartbeat, who.get("started"), who.get("created"))
    silent = now - next((time for time in seen if isinstance(time, (int, float))), 0.0)
    if silent > STALE_AFTER:
        return f"no heartbeat from {host} for {silent:.0f} s"
    if silent < -STALE_AFTER:  # it would count as alive until then, dead or not
        return f"the heartbeat from {host} is {-silent:.0f} s in the future: a clock is wrong"
    return ""


class RunState(NamedTuple):
    """Hold the state that a run was found in, and when its newest segment last gave a heartbeat."""

    state: str
    reason: str
    heartbeat: float | None


def find_state(paths: RunPaths, status: Mapping[str, Any] | None, now: float) -> RunState:
    """Look at the newest segment and derive the state that a run is in.

    The status has to be read first: a segment that begins between the two is then the newer one.

    Args:
        paths: the run.
        status: what its status.json holds; None where there is none: from when a folder was
            claimed, or its first segment lives, the run is `created`.
        now: the time to judge from, in Unix seconds.

    Raises:
        RunError: the status names an unknown state, or the segment's record is broken.
    """
    n = newest_segment(paths)
    # By the name of its file: what stands in a record that was copied may be another number.
    segment = None if n is None else read_record(paths.segment(n)) | {"n": n}
    heartbeat = None if n is None else _modified(paths.heartbeat(n))
    if status is None:
        status = {"state": "created", "created": _modified(paths.path)}
    return RunState(*derive(status, segment, heartbeat, now), heartbeat)


def current_state(paths: RunPaths, now: float | None = None) -> tuple[str, str]:
    """Read a run folder and return the state that the run is in, and the reason.

    Raises:
        RunError: the folder holds no status, or a broken one.
    """
    now = time.time() if now is None else now
    try:
        status = read_record(paths.status)
    except RunError as error:
        if isinstance(error.__cause__, FileNotFoundError) and is_being_made(paths, now):
            return "created", ""
        raise
    found = find_state(paths, status, now)
    return found.state, found.reason


def is_being_made(paths: RunPaths, now: float) -> bool:
    """Tell whether a run without status.json was claimed a moment ago, or has a living writer."""
    return find_state(paths, None, now).state in ACTIVE


def uuid_of(paths: RunPaths) -> str | None:
    """Return the UUID of a run; None where it is gone, or its status is broken."""
    with suppress(RunError):
        found = read_record(paths.status).get("uuid")
        return found if isinstance(found, str) else None
    return None


def is_written(paths: RunPaths) -> bool:
    """Tell whether a living process writes this run, also one that has recorded nothing yet."""
    try:
        return current_state(paths)[0] in ACTIVE
    except RunError:  # what cannot be read does not end the process that the segment names
        with suppress(RunError):
            return find_state(paths, {"state": "created"}, time.time()).state in ACTIVE
    return False


def _modified(path: Path) -> float | None:
    """Return when a file or folder was last changed, in Unix seconds, None where it is missing."""
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def newest_segment(paths: RunPaths) -> int | None:
    """Return the number of a run's newest segment, or None before the first."""
    return max(segment_numbers(paths), default=None)


def segment_numbers(paths: RunPaths) -> list[int]:
    """Return the numbers of a run's segments, the oldest first."""
    # Opening the folder makes a network file system ask its server again; looking for the next
    # number's file would be answered from a cache.
    try:
        names = os.listdir(paths.segments)
    except OSError:
        return []
    return sorted(n for n in map(segment_number, names) if n is not None)
