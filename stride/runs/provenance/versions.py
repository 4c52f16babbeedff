"""List the versions of everything installed, without reading the metadata files."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PathDistribution
from pathlib import Path


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
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return dict(sorted(found.items()))


def _distributions(folder: str) -> Iterator[tuple[str, str]]:
    # A folder `name-version.dist-info` tells both; parsing METADATA takes a hundred times as long.
    try:
        entries = sorted(os.listdir(folder))
    except OSError:  # a path that is not there, or a zip file
        return
    for entry in entries:
        stem, suffix = os.path.splitext(entry)
        name, _, version = stem.partition("-")
        if suffix == ".dist-info" and version:
            yield name, version
        elif suffix == ".egg-info":
            yield from _old_style(Path(folder, entry))


def _old_style(path: Path) -> Iterator[tuple[str, str]]:
    # The name of an egg-info may lack the version, or append the Python version to it.
    metadata = PathDistribution(path).metadata
    if metadata["Name"] and metadata["Version"]:
        yield metadata["Name"], metadata["Version"]
