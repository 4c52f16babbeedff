"""Locate the user's data files, and measure the available memory."""

import os
from pathlib import Path

from stride.errors import DataError, nearest


def locate(path: str, key: str) -> Path:
    """Return the path of an existing data file or folder.

    Raises:
        DataError: nothing is there; names the option and the nearest name beside it.
    """
    place = Path(path).expanduser()
    if place.exists():
        return place
    beside = [entry.name for entry in place.parent.iterdir()] if place.parent.is_dir() else []
    raise DataError(
        f"no file {str(place)!r}",
        where=f"dataset_kwargs.{key}",
        hint=nearest(place.name, beside) or f"looked from {Path.cwd()}",
    )


def available_memory() -> int:
    """Return the bytes that this process may still use, a container's limit included."""
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):  # macOS does not say how much is free
        free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return min(free, _cgroup_memory())


def _cgroup_memory() -> int:
    try:
        group = Path("/proc/self/cgroup").read_text().strip().rpartition("::")[2].lstrip("/")
        folder = Path("/sys/fs/cgroup") / group
        limit = int((folder / "memory.max").read_text())
        return max(limit - int((folder / "memory.current").read_text()), 0)
    except (OSError, ValueError):  # no cgroup v2, or no limit ("max")
        return 2**63
