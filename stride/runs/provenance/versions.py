"""List the versions of everything installed, without reading the metadata files."""

import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.metadata import PathDistribution
from pathlib import Path

_TICK = 2.0  # seconds: the coarsest of file systems


def installed_versions(path: Sequence[str] | None = None) -> dict[str, str]:
    """Return name -> version of every installed distribution, sorted by name.

    Names are normalised (`ruamel-yaml`). Where two folders of the path hold one distribution,
    the first counts, as it does for an import.

    Args:
        path: folders to look in (sys.path when not given).
    """
    found: dict[str, str] = {}
    for folder in sys.path if path is None else path:
        for name, version in _distributions(folder or "."):
            found.setdefault(name, version)
    return dict(sorted(found.items()))


def _distributions(folder: str) -> Iterator[tuple[str, str]]:
    try:
        found = os.stat(folder)
        # What has changed just now may change again within one tick of the clock.
        is_settled = time.time() - found.st_mtime > _TICK
        listed = _entries if is_settled else _entries.__wrapped__
        entries = listed(folder, (found.st_dev, found.st_ino, found.st_mtime_ns))
    except OSError:  # a path that is not there, or a zip file
        return
    for name, version in entries:
        if version is None:
            yield from _old_style(Path(folder, name))
        else:
            yield name, version


@lru_cache(maxsize=64)
def _entries(folder: str, state: tuple[int, ...]) -> list[tuple[str, str | None]]:
    """Return the name and version of each distribution in a folder; of an old one its entry.

    A folder `name-version.dist-info` tells both; parsing METADATA takes a hundred times as long.

    Args:
        folder: is listed once, as long as it stays as it is: runs follow one another.
        state: by which it is known again, and what was changed in it.
    """
    found: list[tuple[str, str | None]] = []
    for entry in sorted(os.listdir(folder)):
        stem, suffix = os.path.splitext(entry)
        name, _, version = stem.partition("-")
        if suffix == ".dist-info" and version:
            found.append((_normal(name), version))
        elif suffix == ".egg-info":
            found.append((entry, None))
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _old_style(path: Path) -> Iterator[tuple[str, str]]:
    # The name of an egg-info may lack the version, or append the Python version to it.
    metadata = PathDistribution(path).metadata
    if metadata["Name"] and metadata["Version"]:
        yield _normal(metadata["Name"]), metadata["Version"]
