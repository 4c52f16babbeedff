"""Hold the index of one work_dir's runs in a SQLite file."""

import os
import sqlite3
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from stride.runs.listing.status_json import Signature, signature_of

_MANY = 500  # names from which on the whole table is read
_WAIT = 1.0  # seconds for another listing to finish writing
_DAMAGE = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# The module's own troubles with damaged text, and with an inode beyond 63 bits.
_TROUBLE = (sqlite3.Error, UnicodeError, OverflowError)
_TABLES = """
CREATE TABLE IF NOT EXISTS seen (
    name TEXT PRIMARY KEY, ctime INTEGER, mtime INTEGER, size INTEGER, inode INTEGER,
    created REAL, crc INTEGER, hash INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS status (name TEXT PRIMARY KEY, content BLOB) WITHOUT ROWID;
"""


def open_database(file: Path) -> "Database | None":
    """Open an index, rebuilt where it is damaged; None where it is busy or cannot be made."""
    for _ in range(2):
        try:
            return Database(file)
        except _TROUBLE as error:
            # Text that is not UTF-8 makes errors of Python, without a code of SQLite.
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) not in _DAMAGE:
                return None
            delete(file)
    return None


def delete(file: Path) -> None:
    """Delete an index."""
    # A journal that stays behind would be played back into the next index of that name.
    for path in (file, file.with_name(f"{file.name}-journal")):
        with suppress(OSError):
            path.unlink()


class Database:
    """Answer with what earlier listings read."""

    def __init__(self, file: Path) -> None:
        """Open the file and load the signatures, not the contents.

        Raises:
            sqlite3.Error: the file is damaged, busy, or cannot be made.
            UnicodeError: the file is damaged.
        """
        self._sqlite = sqlite3.connect(file, timeout=_WAIT, isolation_level=None)
        try:
            self._sqlite.execute("PRAGMA synchronous = OFF")  # damage is noticed and mended
            self._sqlite.executescript(_TABLES)
            self._known = self._load()
        except BaseException:
            self._sqlite.close()
            raise

    def _load(self) -> dict[str, tuple[Any, ...]]:
        """Return name -> (signature, created, crc), flat, of each undamaged row."""
        columns = "name, ctime, mtime, size, inode, created, crc, hash"
        rows = self._sqlite.execute(f"SELECT {columns} FROM seen")
        # A hash of numbers is the same in every process.
        return {row[0]: row[1:7] for row in rows if hash(row[1:7]) == row[7]}

    def created(self, name: str, status: str) -> float | None:
        """Return when a run was created, if its status.json is still the one that is known.

        Args:
            name: the run's name.
            status: path of its status.json.
        """
        known = self._known.get(name)
        if known is None:
            return None
        try:
            signature = signature_of(os.stat(status))
        except OSError:
            return None
        return float(known[4]) if known[:4] == signature else None

    def contents(self, names: Collection[str]) -> dict[str, bytes]:
        """Return the bytes of status.json by name, of those that the index holds undamaged."""
        try:
            found = dict(self._select(names))
        except _TROUBLE:
            return {}
        return {
            name: content
            for name in names
            if isinstance(content := found.get(name), bytes)
            and zlib.crc32(content) == self._known[name][5]
        }

    def save(
        self,
        fresh: Mapping[str, tuple[Signature, float, bytes]],
        present: Collection[str],
        shown: Collection[str],
    ) -> None:
        """Keep what a listing has read and drop runs that are gone; on an error do neither.

        Args:
            fresh: name -> signature, time of creation and bytes of status.json.
            present: names of all runs.
            shown: names of the runs whose bytes are wanted again; of the others the place in the
                order is enough, and writing it costs a tenth.
        """
        gone = self._known.keys() - present
        if not (fresh or gone):
            return
        try:
            self._write(fresh, gone, shown)
        except _TROUBLE:  # a cache that is read-only, full or busy
            with suppress(sqlite3.Error):
                self._sqlite.execute("ROLLBACK")

    def close(self) -> None:
        """Close the database."""
        self._sqlite.close()

    def _select(self, names: Collection[str]) -> Iterator[tuple[str, Any]]:
        if len(names) > _MANY:
            yield from self._sqlite.execute("SELECT name, content FROM status")
            return
        one = "SELECT name, content FROM status WHERE name = ?"
        for name in names:
            yield from self._sqlite.execute(one, (name,))

    def _write(
        self,
        fresh: Mapping[str, tuple[Signature, float, bytes]],
        gone: Collection[str],
        shown: Collection[str],
    ) -> None:
        # Sorted: appending to a tree is cheaper than inserting here and there.
        rows = sorted(item for item in fresh.items() if _is_text(item[0]))
        self._sqlite.execute("BEGIN IMMEDIATE")
        for table in ("seen", "status"):
            delete_row = f"DELETE FROM {table} WHERE name = ?"
            self._sqlite.executemany(delete_row, ((name,) for name in gone))
        self._sqlite.executemany(
            "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (_seen(name, *found) for name, found in rows),
        )
        self._sqlite.executemany(
            "INSERT OR REPLACE INTO status VALUES (?, ?)",
            ((name, content) for name, (_, _, content) in rows if name in shown),
        )
        self._sqlite.execute("COMMIT")


def _is_text(name: str) -> bool:
    """Tell whether a folder's name is UTF-8, which SQLite's texts are."""
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def _seen(name: str, signature: Signature, created: float, content: bytes) -> tuple[Any, ...]:
    known = (*signature, created, zlib.crc32(content))
    return (name, *known, hash(known))
