"""Tell one process from every other, on any host, and whether it still lives."""

import os
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple


class Process(NamedTuple):
    """Name one process so that no other, on any host or with the same pid, is taken for it.

    Attributes:
        host: the host's name.
        boot_id: what changes at each boot of the host; empty where the system tells none.
        pid_namespace: what tells containers apart that share a host; empty without them.
        pid: the process id.
        process_start: when the system started it, as the system writes it.
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
        return self._asdict()


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


def is_here(segment: Mapping[str, Any]) -> bool:
    """Tell whether a segment's process id belongs to this host's table of processes."""
    here = dict(zip(("host", "boot_id", "pid_namespace"), _table(), strict=True))
    return all(segment.get(key) == value for key, value in here.items())


def is_alive(segment: Mapping[str, Any]) -> bool:
    """Tell whether the very process lives, and not a later one with its pid."""
    pid, recorded = segment.get("pid"), segment.get("process_start")
    start = process_start(pid) if isinstance(pid, int) else None
    return start is not None and (not start or not recorded or start == recorded)
