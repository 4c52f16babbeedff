"""Give the value of any field of a run: each of its files is read when it is first asked for."""

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.files.jsonl import read_lines
from stride.runs.layout import RunPaths
from stride.runs.listing.configs import config_of
from stride.runs.listing.measured import SPLITS, metrics_in, numbers_in
from stride.runs.listing.rows.row import RunRow
from stride.runs.provenance.lineage import read_lineage
from stride.runs.tags.tags_json import Tags, known_tags

if TYPE_CHECKING:
    from stride.runs.where.names import Field

ROW = {"run": "name", "status": "state"}
"""Fields that a row calls otherwise."""

ReadConfig = Callable[[], Mapping[str, Any]]
TABLES = {"": ("best", "last", "test"), "best": ("best", "test"), "last": ("last", "test")}
"""In which tables of a row a metric is looked for, in this order."""

_PARENT = ("run", "relation", "checkpoint")
_EXTREMES: Mapping[str, Callable[[Iterable[float]], float]] = {"min": min, "max": max}


def with_all_metrics(row: RunRow) -> RunRow:
    """Return a row with the metrics too that results.json alone has.

    Results that are missing or broken have none: `ls` and `verify` tell of them.
    """
    if not row.short:
        return row
    with suppress(RunError, AttributeError, OverflowError):
        results = read_record(RunPaths(row.path).results)
        best, last, test = (metrics_in(results.get(split)) for split in SPLITS)
        row = row._replace(best={**best, **row.best}, last={**last, **row.last}, test=test)
    return row._replace(short=False)


class Facts:
    """What is recorded of one run.

    Args:
        row: the run's row in a listing.
        read_config: gives its config by dotted key, raises RunError where it has none; its file
            is read if there is no such function.
    """

    def __init__(self, row: RunRow, read_config: ReadConfig | None = None) -> None:
        self._row = row
        self._read_config = read_config or (lambda: config_of(row.path))

    @property
    def row(self) -> RunRow:
        """Return the run's row in a listing."""
        return self._row

    @property
    def config(self) -> Mapping[str, Any]:
        """Return the values of the config by dotted key; none where `config_error` tells why."""
        return self._config[0]

    @property
    def config_error(self) -> str | None:
        """Return what is wrong with the config, "" before it is written."""
        return self._config[1]

    @cached_property
    def _config(self) -> tuple[Mapping[str, Any], str | None]:
        try:
            return self._read_config(), None
        except RunError as error:
            return {}, "" if isinstance(error.__cause__, FileNotFoundError) else error.what

    @cached_property
    def _paths(self) -> RunPaths:
        return RunPaths(self.row.path)

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Return each metric where the run was best, else its last value; the test split's too."""
        return self._measured.metrics

    @cached_property
    def _measured(self) -> RunRow:
        return with_all_metrics(self.row)

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Return where it comes from, as it is recorded; an empty record where that is broken."""
        return self._read(self._paths.provenance)

    @cached_property
    def _tags(self) -> Tags:
        return known_tags(self.row.path)

    @cached_property
    def _lineage(self) -> dict[str, Any]:
        return read_lineage(self._paths.provenance)

    @cached_property
    def _curves(self) -> dict[str, list[float]]:
        """Return all values of each metric, in the order of the stream; NaN is left out."""
        curves: dict[str, list[float]] = {}
        with suppress(RunError, OSError):
            for line in read_lines(self._paths.metrics):
                for name, value in numbers_in(line).items():
                    curves.setdefault(name, []).append(value)
        return {name: [v for v in some if not math.isnan(v)] for name, some in curves.items()}

    def _read(self, path: Path) -> dict[str, Any]:
        """Return a record; an empty one where it is missing or broken, as `ls` and `verify` say."""
        try:
            return read_record(path)
        except RunError:
            return {}

    @property
    def data(self) -> str | None:
        """Return the fingerprint of its data."""
        return _text(self._lineage, "data_fingerprint")

    @property
    def parent(self) -> dict[str, str | None] | None:
        """Return `run`, `relation` and `checkpoint` of what it comes from; None of nothing."""
        found = self._lineage.get("parent")
        return {key: _text(found, key) for key in _PARENT} if found else None

    @property
    def imported(self) -> str | None:
        """Return by which tool it was recorded; None of STRIDE's own."""
        return _text(self._lineage.get("imported"), "tool")

    def axis_of(self, metric: str) -> str:
        """Return along what a metric was recorded: `step`, unless another tool had an axis for it.

        That is another metric of the run, or `epoch`.
        """
        record = self._lineage.get("imported")
        axes = record.get("axes") if isinstance(record, Mapping) else None
        return _text(axes, metric) or "step"

    @property
    def devices(self) -> list[str]:
        """Return the names of the devices that it was begun on, one for each process."""
        found = self.provenance.get("devices")
        return [str(name) for name in found] if isinstance(found, list) else []

    @property
    def is_prepared(self) -> bool:
        """Tell whether data and model were built, as they were not where its start has failed.

        Before that its config holds what it was given, and little else.
        """
        return self.provenance.get("devices") != []

    @cached_property
    def timings(self) -> dict[str, int | float]:
        """Return seconds and samples per second; nothing before the end of the run."""
        found = self._read(self._paths.results).get("timings")
        return numbers_in(found) if isinstance(found, Mapping) else {}

    @cached_property
    def trivial_scores(self) -> Mapping[str, Mapping[str, float]]:
        """Return what scores that learn nothing reach, by their names and those of metrics."""
        from stride.runs.records.reconstruction import ReconstructionRecord  # few commands need it

        with suppress(RunError):
            return ReconstructionRecord.read(self._paths.reconstruction).trivial_scores()
        return {}

    def is_set(self, key: str) -> bool:
        """Tell whether somebody has set a dotted key of the config; False where none tells."""
        origins = self.provenance.get("origins")
        return isinstance(origins, Mapping) and key in origins

    def is_derived(self, key: str) -> bool:
        """Tell whether a dotted key's value is a default, or follows from the data or the machine.

        False where the run does not tell which keys were set. In a run of another tool all were
        that it has, and no others.
        """
        if self.imported is not None:
            return key not in self.config
        origins = self.provenance.get("origins")
        return isinstance(origins, Mapping) and len(origins) > 0 and key not in origins

    @property
    def titles(self) -> Mapping[str, Any]:
        """Return what tables call its model and data set; nothing where none was given."""
        if self.row.sweep is None:
            return {}
        sweep = self.provenance.get("sweep")
        found = sweep.get("titles") if isinstance(sweep, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    def value(self, field: "Field") -> Any:
        """Return what a run has for a field, None for nothing."""
        if field.source == "config":
            return self.config.get(field.key)
        if field.source == "metric":
            return self._metric(field)
        return self._field(field.key)

    def _metric(self, field: "Field") -> float | None:
        if field.aspect in _EXTREMES:
            curve = self._curves.get(field.key)
            return _EXTREMES[field.aspect](curve) if curve else self.metrics.get(field.key)
        tables = [getattr(self._measured, table) for table in TABLES[field.aspect]]
        return next((table[field.key] for table in tables if field.key in table), None)

    def _field(self, key: str) -> Any:
        if key == "work_dir":
            return str(self.row.path.parent)
        if key == "host":
            return self.provenance.get("hostname")
        if key in ("commit", "branch"):
            return _text(self.provenance.get("git"), key)
        if key in ("data", "imported"):
            return getattr(self, key)
        if key == "parent":
            return _text(self._lineage.get("parent"), "run")
        if key == "relation":
            return _text(self._lineage.get("parent"), "relation")
        if key == "tag":
            return list(self._tags.tags) or None
        if key == "note":
            return self._tags.note or None
        return getattr(self.row, ROW.get(key, key))


def _text(record: Any, key: str) -> str | None:
    value = record.get(key) if isinstance(record, Mapping) else None
    return value if isinstance(value, str) else None
