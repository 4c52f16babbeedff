"""Read the runs of one work_dir at one moment, through its index, as far as is asked."""

import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from stride.errors import RunError
from stride.runs.listing.configs import Configs, Sections, config_path, read_config
from stride.runs.listing.facts import Facts
from stride.runs.listing.fresh import Fresh
from stride.runs.listing.index import Index, is_settled
from stride.runs.listing.pieces import Pieces
from stride.runs.listing.rows.read import broken_row, final_row, is_begun_again, make_row
from stride.runs.listing.rows.row import RunRow
from stride.runs.listing.status_json import (
    Signature,
    creation_time,
    parse_status,
    read_status,
    signature_of,
    status_path,
)
from stride.runs.listing.stored import Restored, StoredFacts, StoredRow, metric_names, store
from stride.runs.run_folder import is_run_folder


class Entry(NamedTuple):
    """Hold a run's place in the order of time, and the row of a broken one."""

    created: float
    length: int  # of the name: of two runs of one time, 10 comes after 9
    name: str
    row: RunRow | None = None


class Catalog:
    """Give rows, configs and names of what is recorded; what is read is kept in the index.

    Args:
        work_dir: the folder that holds the runs.
        names: names of the folders in it that may be runs.
        index: what earlier listings read.
        now: the time to judge from, in Unix seconds.
        whole: whether all rows will be asked for, so that each file is read once.
    """

    def __init__(
        self, work_dir: Path, names: Collection[str], index: Index, now: float, *, whole: bool
    ) -> None:
        self.work_dir, self._names, self._index, self._now = work_dir, names, index, now
        self._whole, self._prefix = whole, f"{work_dir}{os.sep}"
        self._fresh = Fresh()
        self._same: set[str] = set()  # whose status.json is still the one that the index knows
        self._rows: dict[str, StoredRow] = {}
        self._ended: set[str] = set()  # which have not begun again
        self._sections_of: dict[str, Sections] = {}
        found = [entry for name in names if (entry := self._entry(name)) is not None]
        found.sort(reverse=True)  # names differ, so that no comparison goes beyond them
        self.entries: Sequence[Entry] = found
        self._broken = {entry.name: entry.row for entry in found if entry.row is not None}
        if whole:
            self._rows |= self._index.rows(self._same)

    def close(self) -> None:
        """Keep in the index what was read, and close it."""
        if "_pieces" in vars(self):
            self._fresh.pieces = self._pieces.fresh
        self._index.save(self._fresh, self._names)
        self._index.close()

    def facts(self, name: str) -> Facts:
        """Return everything recorded of a run, read when it is asked for."""
        folder = self._folder(name)
        restored = None if name in self._broken else self._restored(name, folder)
        if restored is not None:
            return StoredFacts(folder, restored, lambda: self._config(name))
        row = self._broken[name] if name in self._broken else self._read_row(name)
        return Facts(row, lambda: self._config(name))

    def _restored(self, name: str, folder: str) -> Restored | None:
        """Return the row that is known of an ended run, unless the run has begun again."""
        if not self._whole and name in self._same:
            self._rows |= self._index.rows({name})
        try:
            stored = self._rows[name]
            if name in self._ended or not is_begun_again(folder, stored.segment):
                self._ended.add(name)
                return Restored(stored, self._pieces)
        except LookupError:  # not stored, or damaged
            pass
        return None

    def config_keys(self) -> set[str]:
        """Return the keys of the configs of all runs."""
        found = {self._same_pieces(entry.name) for entry in self.entries}
        pieces = {piece for _, some in found for piece in some}
        keys = {"run"} if any(has_run for has_run, _ in found) else set()
        return keys.union(*map(self._pieces.section, pieces)) - {"format_version"}

    def _same_pieces(self, name: str) -> tuple[bool, tuple[int, ...]]:
        """Return what many configs are alike in: whether they name a run, and their sections."""
        try:
            found = self._sections(name)
        except RunError:
            return False, ()
        return found.run is not None, found.pieces

    def metric_names(self) -> set[str]:
        """Return the names of the metrics of all runs."""
        pieces: set[int] = set()
        names: set[str] = set()
        for entry in self.entries:
            found = self._stored_names(entry.name)
            if found is None:
                names.update(self.facts(entry.name).metrics)
            else:
                pieces.add(found)
        return names.union(*(table for piece in pieces for table in self._pieces.value(piece)[1:]))

    def _stored_names(self, name: str) -> int | None:
        """Return the piece with the names of a run's metrics, None where it lacks some."""
        stored = self._rows.get(name)
        with suppress(LookupError):
            if stored is not None and not metric_names(stored, self._pieces)[0]:
                return stored.names
        return None

    @cached_property
    def _pieces(self) -> Pieces:
        return Pieces(self._index.piece, self._index.pieces() if self._whole else ())

    @cached_property
    def _configs(self) -> dict[str, tuple[Signature, Sections]]:
        return self._index.configs()

    @cached_property
    def _values(self) -> Configs:
        return Configs(self._pieces)

    def _folder(self, name: str) -> str:
        return self._prefix + name

    def _entry(self, name: str) -> Entry | None:
        """Return a run's place, or None for a folder that is not a run."""
        path = self._folder(name)
        created = self._index.created(name, status_path(path))
        if created is not None:
            self._same.add(name)
            return Entry(created, len(name), name)
        try:
            content, signature = read_status(path)
            created = creation_time(path, content)
        except (OSError, RunError) as error:
            return self._broken_entry(name, error)
        if is_settled(signature, self._now):
            self._fresh.seen[name] = signature, created
        if self._whole:
            self._keep_row(name, content, signature)
        return Entry(created, len(name), name)

    def _broken_entry(self, name: str, error: OSError | RunError) -> Entry | None:
        path = self.work_dir / name
        if isinstance(error, OSError) and not is_run_folder(path):
            return None
        row = broken_row(path, error, self._now)
        return Entry(row.created, len(name), name, row=row)

    def _read_row(self, name: str) -> RunRow:
        path = self.work_dir / name
        try:
            content, signature = read_status(self._folder(name))
            return self._keep_row(name, content, signature) or make_row(
                path, parse_status(path, content), self._now
            )
        except (OSError, RunError) as error:
            return broken_row(path, error, self._now)

    def _keep_row(self, name: str, content: bytes, signature: Signature) -> RunRow | None:
        """Keep the row of an ended run, and return it; do nothing with any other."""
        path = self.work_dir / name
        with suppress(RunError):
            found = final_row(path, parse_status(path, content))
            if found is not None and not is_begun_again(self._folder(name), found[1]):
                self._rows[name] = store(*found, self._pieces)
                if is_settled(signature, self._now):
                    self._fresh.rows[name] = self._rows[name]
                return found[0]
        return None

    def _config(self, name: str) -> Mapping[str, Any]:
        return self._values.values(self._sections(name))

    def _sections(self, name: str) -> Sections:
        """Return the sections of a run's config.

        Raises:
            RunError: as `read_config`.
        """
        if name not in self._sections_of:
            self._sections_of[name] = self._read_sections(name)
            self._configs.pop(name, None)
        return self._sections_of[name]

    def _read_sections(self, name: str) -> Sections:
        folder = self._folder(name)
        known = self._configs.get(name)
        if known is not None and _is_there(config_path(folder), known[0]):
            return known[1]
        signature, sections = read_config(folder, self._pieces)
        if signature is not None and is_settled(signature, self._now):
            self._fresh.configs[name] = signature, sections
        return sections


def _is_there(path: str, signature: Signature) -> bool:
    try:
        return signature_of(os.stat(path)) == signature
    except OSError:
        return False
