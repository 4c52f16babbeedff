"""Derive a run's state from what its folder says and whether its process still lives.

The state that a writer recorded is not trusted: `running` with a dead process on this host, or
without a heartbeat from another one, is shown as interrupted.
"""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.layout import RunPaths, segment_number

STATES = (
    "queued",
    "created",
    "running",
    "waiting",
    "done",
    "failed",
    "interrupted",
    "stopped",
)
"""Every state of a run."""

ACTIVE = frozenset({"created", "running"})
"""The states in which a process writes, or is about to."""

HEARTBEAT_EVERY = 10.0
"""Seconds between two heartbeats of a writer."""

STALE_AFTER = 60.0
"""Seconds without a heartbeat after which a process on another host counts as gone.

As far may the clocks of hosts be apart: a heartbeat from further in the future says nothing.
"""


@dataclass(frozen=True, slots=True)
class Process:
    """Name one process so that no other, on any host or with the same pid, is taken for it.

    Attributes:
        host: The host's name.
        boot_id: What changes when the host starts anew; empty where the system tells none.
        pid_namespace: What tells containers apart that share a host; empty without them.
        pid: The process id.
        process_start: When the system started it, in the system's own words.
    """

    host: str
    boot_id: str
    pid_namespace: str
    pid: int
    process_start: str

    @classmethod
    def this(cls) -> "Process":
        """Return the running process."""
        return cls(*_table(), os.getpid(), process_start(os.getpid()) or "")

    def to_json(self) -> dict[str, Any]:
        """Return the fields as they stand in a segment's record."""
        return asdict(self)


@cache
def _table() -> tuple[str, str, str]:
    """Return what tells this table of processes from every other."""
    return os.uname().nodename, _boot_id(), _pid_namespace()


def _boot_id() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return _output("sysctl", "-n", "kern.bootsessionuuid")


def _pid_namespace() -> str:
    with suppress(OSError):
        return os.readlink("/proc/self/ns/pid")
    return ""


def process_start(pid: int) -> str | None:
    """Return when a process began, or None when it has ended.

    A zombie has ended: it writes no more. The empty text means that it lives and that the
    system does not tell since when.
    """
    try:
        line = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return _start_without_proc(pid)
    # The second field, the program's name, may hold anything; fields are counted after it.
    state, *fields = line.rpartition(b")")[2].split()
    return None if state in b"ZX" else fields[18].decode()


def _start_without_proc(pid: int) -> str | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        return ""
    return _output("ps", "-o", "lstart=", "-p", str(pid))


def _output(*command: str) -> str:
    import subprocess  # listing runs on Linux never comes here, and should not pay for it

    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def derive(
    status: Mapping[str, Any],
    segment: Mapping[str, Any] | None,
    heartbeat: float | None,
    now: float,
) -> tuple[str, str]:
    """Return the state that a run is in, and the reason.

    Args:
        status: What status.json holds.
        segment: What the newest segment's record holds, if there is one.
        heartbeat: When that segment's heartbeat was last touched, in Unix seconds.
        now: The time to judge from, in Unix seconds.

    Raises:
        RunError: The status holds no state that there is.
    """
    state, reason = str(status.get("state")), str(status.get("reason", ""))
    if state not in STATES:
        raise RunError(f"status.json has no state, but {state!r}")
    if state not in ACTIVE:
        return state, reason
    gone = _gone(status, segment, heartbeat, now)
    return ("interrupted", gone) if gone else (state, reason)


def _gone(
    status: Mapping[str, Any],
    segment: Mapping[str, Any] | None,
    heartbeat: float | None,
    now: float,
) -> str:
    """Return why the writing process counts as ended, or the empty text while it lives."""
    who = status if segment is None else segment
    host, pid = who.get("host", "an unknown host"), who.get("pid")
    if segment is not None and _is_here(segment):
        return "" if _lives(segment) else f"process {pid} on {host} has ended without a word"
    seen = (heartbeat, who.get("started"), who.get("created"))
    silent = now - next((time for time in seen if isinstance(time, (int, float))), 0.0)
    if silent > STALE_AFTER:
        return f"no heartbeat from {host} for {silent:.0f} s"
    if silent < -STALE_AFTER:  # it would count as alive until then, dead or not
        return f"the heartbeat from {host} is {-silent:.0f} s in the future: a clock is wrong"
    return ""


def _is_here(segment: Mapping[str, Any]) -> bool:
    """Tell whether a segment's process id belongs to this host's table of processes."""
    here = dict(zip(("host", "boot_id", "pid_namespace"), _table(), strict=True))
    return all(segment.get(key) == value for key, value in here.items())


def _lives(segment: Mapping[str, Any]) -> bool:
    """Tell whether the very process lives, and not a later one with its pid."""
    pid, recorded = segment.get("pid"), segment.get("process_start")
    start = process_start(pid) if isinstance(pid, int) else None
    return start is not None and (not start or not recorded or start == recorded)


def newest_segment(paths: RunPaths) -> int | None:
    """Return the number of a run's newest segment, or None before the first."""
    return max(segment_numbers(paths), default=None)


def segment_numbers(paths: RunPaths) -> list[int]:
    """Return the numbers of a run's segments, the oldest first."""
    # Opening the folder makes a network file system ask its server anew; looking for the next
    # number's file would be answered from a cache.
    try:
        names = os.listdir(paths.segments)
    except OSError:
        return []
    return sorted(n for n in map(segment_number, names) if n is not None)


def current_state(paths: RunPaths, now: float | None = None) -> tuple[str, str]:
    """Read a run folder and return the state that the run is in, and the reason.

    A folder that has no status yet was claimed a moment ago, when it is young.

    Raises:
        RunError: The folder holds no status, or a broken one.
    """
    now = time.time() if now is None else now
    try:
        status = read_record(paths.status)
    except RunError as error:
        if isinstance(error.__cause__, FileNotFoundError) and _is_young(paths, now):
            return "created", ""
        raise
    n = newest_segment(paths) if str(status.get("state")) in ACTIVE else None
    segment = None if n is None else read_record(paths.segment(n))
    heartbeat = None if n is None else heartbeat_time(paths, n)
    return derive(status, segment, heartbeat, now)


def is_written(paths: RunPaths) -> bool:
    """Tell whether a living process writes this run, also one that has said nothing yet."""
    n = newest_segment(paths)
    try:
        if n is None:
            return current_state(paths)[0] in ACTIVE
        status, segment = _status_of(paths, n), read_record(paths.segment(n))
        return derive(status, segment, heartbeat_time(paths, n), time.time())[0] in ACTIVE
    except RunError:
        return False  # a broken folder has no writer


def _status_of(paths: RunPaths, n: int) -> dict[str, Any]:
    """Return what segment n has recorded; before its first word it has begun, no more."""
    try:
        status = read_record(paths.status)
    except RunError:
        status = {}
    return status if status.get("segment") == n else {"state": "created"}


def _is_young(paths: RunPaths, now: float) -> bool:
    try:
        return abs(now - paths.path.stat().st_mtime) < STALE_AFTER
    except OSError:
        return False


def heartbeat_time(paths: RunPaths, n: int) -> float | None:
    """Return when segment n was last seen alive, in Unix seconds, if it ever was."""
    try:
        return paths.heartbeat(n).stat().st_mtime
    except OSError:
        return None
