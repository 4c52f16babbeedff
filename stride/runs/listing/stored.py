"""Write the row of an ended run in few bytes, and read it back: an index has thousands."""

import json
from array import array
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stride.runs.listing.facts import ROW, TABLES, Facts, ReadConfig
from stride.runs.listing.measured import SPLITS
from stride.runs.listing.pieces import Pieces
from stride.runs.listing.rows.row import RunRow

if TYPE_CHECKING:
    from stride.runs.where.names import Field

_OTHER = frozenset({"name", "path", "broken", "short", "progress", *SPLITS})
_PLAIN = tuple(name for name in RunRow._fields if name not in _OTHER)


_PLACES = {name: at for at, name in enumerate(_PLAIN)}
_loads = json.JSONDecoder().decode
_dumps = json.JSONEncoder(separators=(",", ":")).encode


class StoredRow(NamedTuple):
    """Hold a row in few bytes.

    Attributes:
        segment: the one that wrote its status.
        names: the piece with the names of its metrics.
        values: of the metrics, as doubles.
        plain: everything else.
    """

    segment: int
    names: int
    values: bytes
    plain: str


def store(row: RunRow, segment: int, pieces: Pieces) -> StoredRow:
    """Return a row that depends on its status.json alone as bytes.

    Args:
        row: of an ended run.
        segment: the one that wrote the status.
        pieces: to which the names of the metrics are added.
    """
    tables = [getattr(row, split) for split in SPLITS]
    names = pieces.of((row.short, *map(tuple, tables)))
    values = array("d", [value for table in tables for value in table.values()])
    plain = _dumps([getattr(row, name) for name in _PLAIN])
    return StoredRow(segment, names, values.tobytes(), plain)


class Restored:
    """Hold a row as it was stored, taken apart only as far as is asked."""

    __slots__ = ("_metrics", "_stored")

    def __init__(self, stored: StoredRow, pieces: Pieces) -> None:
        """Take a row apart.

        Raises:
            LookupError: the names of its metrics are not known.
        """
        self._stored, self._metrics = stored, metric_names(stored, pieces)

    def row(self, path: Path) -> RunRow:
        """Return the row of the run in a folder."""
        short, *names = self._metrics
        values = iter(array("d", self._stored.values))
        best, last, test = (dict(zip(table, values, strict=False)) for table in names)
        known = dict(zip(_PLAIN, _loads(self._stored.plain), strict=True))
        known["overrides"] = tuple(known["overrides"])
        known |= {"best": best, "last": last, "test": test, "short": short}
        return RunRow(path.name, path, **known)

    def plain(self, name: str) -> Any:
        """Return one of the row's attributes that are no metrics.

        Raises:
            LookupError: it has no such attribute.
        """
        return _loads(self._stored.plain)[_PLACES[name]]

    def metric(self, name: str, splits: Sequence[str]) -> float | None:
        """Return a metric out of the first of some tables that has it.

        Raises:
            LookupError: the row has not all metrics of its run.
        """
        short, *names = self._metrics
        if short:
            raise LookupError(name)
        for split in splits:
            at = SPLITS.index(split)
            if name in names[at]:
                place = sum(map(len, names[:at])) + names[at].index(name)
                value: float = array("d", self._stored.values)[place]
                return value
        return None


def metric_names(stored: StoredRow, pieces: Pieces) -> list[Any]:
    """Return whether a row lacks metrics of its run, and the names in each of its tables.

    Raises:
        LookupError: they are not known.
    """
    names: list[Any] = pieces.value(stored.names)
    return names


class StoredFacts(Facts):
    """What is recorded of a run whose row is stored: a query asks for little of it.

    Args:
        path: the run folder.
        restored: its row.
        read_config: as of `Facts`.
    """

    def __init__(self, path: str, restored: Restored, read_config: ReadConfig) -> None:
        self._path, self._restored, self._read_config = path, restored, read_config

    @cached_property
    def _row(self) -> RunRow:  # type: ignore[override]
        return self._restored.row(Path(self._path))

    def value(self, field: "Field") -> Any:
        """Return what a run has for a field, None for nothing."""
        try:
            if field.source == "field":
                return self._restored.plain(ROW.get(field.key, field.key))
            if field.source == "metric":
                return self._restored.metric(field.key, TABLES[field.aspect])
        except LookupError:  # it is in another file
            pass
        return super().value(field)
