"""Hold the index of one work_dir's runs in a SQLite file."""

import os
import sqlite3
import zlib
from array import array
from collections.abc import Collection, Iterable, Iterator, Set
from contextlib import suppress
from pathlib import Path
from typing import Any

from stride.runs.listing.configs import Sections
from stride.runs.listing.fresh import Fresh
from stride.runs.listing.status_json import Signature, signature_of
from stride.runs.listing.stored import StoredRow

_WAIT = 1.0  # seconds for another listing to finish writing
_MANY = 500  # names from which on the whole table is read
_DAMAGE = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# The module's own troubles with damaged text, and with an inode beyond 63 bits.
_TROUBLE = (sqlite3.Error, UnicodeError, OverflowError)
_TABLES = """
CREATE TABLE IF NOT EXISTS seen (
    name TEXT PRIMARY KEY, ctime INTEGER, mtime INTEGER, size INTEGER, inode INTEGER,
    created REAL, crc INTEGER, hash INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS row (
    name TEXT PRIMARY KEY, segment INTEGER, names INTEGER, numbers BLOB, plain TEXT)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS config (
    name TEXT PRIMARY KEY, ctime INTEGER, mtime INTEGER, size INTEGER, inode INTEGER,
    run TEXT, pieces BLOB, hash INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS piece (id INTEGER PRIMARY KEY, content BLOB);
"""
_PUT = {
    "seen": "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "row": "INSERT OR REPLACE INTO row VALUES (?, ?, ?, ?, ?)",
    "config": "INSERT OR REPLACE INTO config VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "piece": "INSERT OR REPLACE INTO piece VALUES (?, ?)",
}


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

    def rows(self, names: Set[str]) -> dict[str, StoredRow]:
        """Return the rows by name, of those that the index holds undamaged.

        They hold for runs whose status.json is the one that is known.
        """
        columns = "name, segment, names, numbers, plain"
        return {
            name: StoredRow(*row)
            for name, *row in self._select(columns, "row", names)
            if name in names and name in self._known and _crc(*row) == self._known[name][5]
        }

    def configs(self) -> dict[str, tuple[Signature, Sections]]:
        """Return the signature and the sections of each config.json that the index knows."""
        columns = "name, ctime, mtime, size, inode, run, pieces, hash"
        shared: dict[bytes, tuple[int, ...]] = {}
        return {
            row[0]: (row[1:5], Sections(row[5], _pieces(row[6], shared)))
            for row in self._select(columns, "config")
            if isinstance(row[6], bytes)
            and isinstance(row[5], str | None)
            and _hash(row[1:5], row[5], row[6]) == row[7]
        }

    def piece(self, number: int) -> bytes | None:
        """Return the content of a piece by its digest."""
        with suppress(*_TROUBLE):
            find = "SELECT content FROM piece WHERE id = ?"
            for (content,) in self._sqlite.execute(find, (number,)):
                return content if isinstance(content, bytes) else None
        return None

    def pieces(self) -> list[tuple[int, bytes]]:
        """Return all pieces: digest and content."""
        found = self._select("id, content", "piece")
        return [(number, content) for number, content in found if isinstance(content, bytes)]

    def save(self, fresh: Fresh, present: Collection[str]) -> None:
        """Keep what a listing has read and drop runs that are gone; on an error do neither.

        Args:
            fresh: what it has read.
            present: names of all runs.
        """
        gone = self._known.keys() - present
        if not (fresh or gone):
            return
        try:
            self._write(fresh, gone)
        except _TROUBLE:  # a cache that is read-only, full or busy
            with suppress(sqlite3.Error):
                self._sqlite.execute("ROLLBACK")

    def close(self) -> None:
        """Close the database."""
        self._sqlite.close()

    def _select(
        self, columns: str, table: str, names: Set[str] | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """Yield what a table has of some names; of many, or where none are given, all of it."""
        select = f"SELECT {columns} FROM {table}"
        try:
            if names is None or len(names) > _MANY:
                yield from self._sqlite.execute(select)
            else:
                for name in names:
                    yield from self._sqlite.execute(f"{select} WHERE name = ?", (name,))
        except _TROUBLE:  # what came before it is checked row by row
            return

    def _write(self, fresh: Fresh, gone: Collection[str]) -> None:
        self._sqlite.execute("BEGIN IMMEDIATE")
        for table in ("seen", "row", "config"):
            delete_row = f"DELETE FROM {table} WHERE name = ?"
            self._sqlite.executemany(delete_row, ((name,) for name in gone))
        self._put("seen", self._seen(fresh))
        self._put("row", ((name, *row) for name, row in fresh.rows.items()))
        self._put("config", (_config(name, *found) for name, found in fresh.configs.items()))
        self._put("piece", fresh.pieces.items())
        self._sqlite.execute("COMMIT")

    def _put(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        # Sorted: appending to a tree is cheaper than inserting here and there.
        self._sqlite.executemany(_PUT[table], sorted(row for row in rows if _is_text(row[0])))

    def _seen(self, fresh: Fresh) -> Iterable[tuple[Any, ...]]:
        for name in fresh.seen.keys() | fresh.rows.keys():
            known = self._known.get(name)
            if name in fresh.seen:
                signature, created = fresh.seen[name]
            elif known is not None:
                signature, created = known[:4], known[4]
            else:
                continue
            row = fresh.rows.get(name)
            values = (*signature, created, 0 if row is None else _crc(*row))
            yield (name, *values, hash(values))


def _crc(segment: Any, names: Any, numbers: Any, plain: Any) -> int | None:
    """Return a checksum of a stored row, None of what cannot be one."""
    if type(numbers) is not bytes or type(plain) is not str:
        return None
    return zlib.crc32(numbers, zlib.crc32(f"{segment} {names} {plain}".encode()))


def _config(name: str, signature: Signature, sections: Sections) -> tuple[Any, ...]:
    content = array("q", sections.pieces).tobytes()
    return (name, *signature, sections.run, content, _hash(signature, sections.run, content))


def _pieces(content: bytes, shared: dict[bytes, tuple[int, ...]]) -> tuple[int, ...]:
    """Return the digests of a config's sections, the same object for runs that share all."""
    if content not in shared:
        shared[content] = tuple(array("q", content))
    return shared[content]


def _hash(signature: tuple[Any, ...], run: str | None, content: bytes) -> int:
    return hash((*signature, zlib.crc32(content, zlib.crc32((run or "").encode()))))


def _is_text(name: str | int) -> bool:
    """Tell whether a folder's name is UTF-8, which SQLite's texts are."""
    try:
        return isinstance(name, int) or bool(name.encode())
    except UnicodeEncodeError:
        return False
