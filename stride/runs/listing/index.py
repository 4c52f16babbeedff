"""Find the disposable index of a work_dir's runs in the user's cache folder.

It is never needed and never wrong: it holds the rows of ended runs and the sections of configs
with the signatures of the files, and a listing takes them only while a file still has that
signature. Any trouble with it is answered by reading the runs themselves.
"""

import os
import time
from collections.abc import Collection, Iterator, Set
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from stride.runs.files.filesystem import is_network_filesystem
from stride.runs.files.user_folders import is_private, user, user_folder
from stride.runs.listing.fresh import Fresh
from stride.runs.listing.status_json import Signature

if TYPE_CHECKING:
    from stride.runs.listing.configs import Sections
    from stride.runs.listing.database import Database
    from stride.runs.listing.stored import StoredRow

SETTLED = 2.0
"""Seconds without a change before a signature is trusted.

Within a tick of the file system's clock a second change leaves the times as they are.
"""

_FORGET = 90 * 86400  # seconds without a change after which an index is deleted


Index: TypeAlias = "NoIndex | Database"


class NoIndex:
    """Know nothing, so that every run is read."""

    def created(self, name: str, status: str) -> float | None:
        """Know no run."""
        return None

    def rows(self, names: Set[str]) -> dict[str, "StoredRow"]:
        """Know no row."""
        return {}

    def configs(self) -> dict[str, "tuple[Signature, Sections]"]:
        """Know no config."""
        return {}

    def piece(self, number: int) -> bytes | None:
        """Know no piece."""
        return None

    def pieces(self) -> list[tuple[int, bytes]]:
        """Know no piece."""
        return []

    def save(self, fresh: Fresh, present: Collection[str]) -> None:
        """Keep nothing."""

    def close(self) -> None:
        """Do nothing."""


def is_settled(signature: Signature, now: float) -> bool:
    """Tell whether a file read at a time is known again by its signature."""
    return max(signature[0], signature[1]) < (now - SETTLED) * 1e9


def open_index(work_dir: Path) -> Index:
    """Return the index of a work_dir, one that knows nothing where none can be kept."""
    try:
        found = os.stat(work_dir)
        if is_network_filesystem(work_dir):  # its times and inodes are another host's
            return NoIndex()
    except OSError:
        return NoIndex()
    # Device and inode stay when the work_dir is moved, or reached by another path.
    file = f"runs-3-{found.st_dev:x}-{found.st_ino:x}.sqlite"
    from stride.runs.listing.database import open_database  # SQLite is loaded where it is used only

    for folder in _cache_folders():
        if not (folder / file).exists():
            _delete_old(folder)
        if (database := open_database(folder / file)) is not None:
            return database
    return NoIndex()


def _cache_folders() -> Iterator[Path]:
    yield from _usable(user_folder("XDG_CACHE_HOME", ".cache"))
    import tempfile  # only here, since most homes are local and writable

    yield from _usable(Path(tempfile.gettempdir(), f"stride-{user()}"))


def _usable(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if is_private(folder) and not is_network_filesystem(folder):
            yield folder


def _delete_old(folder: Path) -> None:
    for file in folder.glob("runs-*.sqlite"):
        with suppress(OSError):
            if file.stat().st_mtime < time.time() - _FORGET:
                file.unlink()
