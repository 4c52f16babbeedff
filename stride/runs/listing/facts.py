"""Give the value of any field of a run: each of its files is read when it is first asked for."""

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from stride.config.nonfinite import decode_numbers
from stride.config.values import flatten, without_key
from stride.errors import RunError
from stride.runs.files.atomic import read_record
from stride.runs.files.jsonl import read_lines
from stride.runs.layout import RunPaths
from stride.runs.listing.measured import numbers_in
from stride.runs.listing.rows import RunRow, with_all_metrics
from stride.runs.where.names import Field

_ROW = {"run": "name", "status": "state"}  # fields that a row calls otherwise
_EXTREMES: Mapping[str, Callable[[Iterable[float]], float]] = {"min": min, "max": max}


class Facts:
    """What is recorded of one run.

    Args:
        row: the run's row in a listing.
    """

    def __init__(self, row: RunRow) -> None:
        self.row = row
        self._paths = RunPaths(row.path)

    @cached_property
    def config(self) -> dict[str, Any]:
        """Return the values of the config by dotted key; none where `config_error` tells why."""
        values = {} if self.config_error is not None else self._recorded[0]
        return dict(flatten(decode_numbers(without_key(values, "format_version"))))

    @property
    def config_error(self) -> str | None:
        """Return what is wrong with the config, "" before it is written."""
        return self._recorded[1]

    @cached_property
    def _recorded(self) -> tuple[dict[str, Any], str | None]:
        try:
            return read_record(self._paths.config, unversioned=1), None
        except RunError as error:  # the first runs had no format_version there
            missing = isinstance(error.__cause__, FileNotFoundError)
            return {}, "" if missing else error.what

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Return each metric where the run was best, else its last value; the test split's too."""
        return self._measured.metrics

    @cached_property
    def _measured(self) -> RunRow:
        return with_all_metrics(self.row)

    @cached_property
    def _provenance(self) -> dict[str, Any]:
        return self._read(self._paths.provenance)

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

    def value(self, field: Field) -> Any:
        """Return what a run has for a field, None for nothing."""
        if field.source == "config":
            return self.config.get(field.key)
        if field.source == "metric":
            return self._metric(field)
        return self._field(field.key)

    def _metric(self, field: Field) -> float | None:
        if field.aspect in _EXTREMES:
            curve = self._curves.get(field.key)
            return _EXTREMES[field.aspect](curve) if curve else self.metrics.get(field.key)
        if field.aspect in ("best", "last"):
            measured = self._measured
            table = measured.best if field.aspect == "best" else measured.last
            return table.get(field.key, measured.test.get(field.key))
        return self._measured.metric(field.key)

    def _field(self, key: str) -> Any:
        if key == "work_dir":
            return str(self.row.path.parent)
        if key == "host":
            return self._provenance.get("hostname")
        if key in ("commit", "branch"):
            return _text(self._provenance.get("git"), key)
        if key == "parent":
            return _text(self._provenance.get("parent"), "run")
        return getattr(self.row, _ROW.get(key, key))


def _text(record: Any, key: str) -> str | None:
    value = record.get(key) if isinstance(record, Mapping) else None
    return value if isinstance(value, str) else None
