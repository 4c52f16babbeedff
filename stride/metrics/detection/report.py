"""The table of detection scores: a score, and what it has to beat."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from stride.config.nonfinite import encode_numbers
from stride.errors import DataError, nearest
from stride.metrics.detection.measurement import Measurement, Yardstick
from stride.metrics.detection.thresholds import Threshold
from stride.metrics.detection.volume import THRESHOLDS
from stride.stats.intervals import LEVEL, Interval
from stride.tables.table import Column, Table, numbers
from stride.tables.text import lay_out

_WIDTH = 100
_LEVEL = f"{LEVEL * 100:g} %"


@dataclass(frozen=True)
class ScoreRow:
    """All measures of one score.

    Attributes:
        threshold: at and above which a score is an alarm.
        measures: by name.
    """

    threshold: Threshold
    measures: Mapping[str, Measurement]

    def to_json(self) -> dict[str, Any]:
        """Return the row as plain values."""
        measures = {name: measurement.to_json() for name, measurement in self.measures.items()}
        return {"threshold": asdict(self.threshold), "measures": measures}


@dataclass(frozen=True)
class DetectionScores:
    """The measures of a score, beside those of a random score and of the mean |x|.

    Attributes:
        unit: "point" or "snippet": what a score is of.
        count: how many points or snippets.
        anomalous: how many of them are.
        events: how many events these are in; 0 of snippets, which have no order.
        rule: how thresholds were chosen, in words.
        yardstick: window, bootstrap and seed.
        rows: by the name of a score: "score", "random" and, where inputs are known, "mean |x|".
    """

    unit: str
    count: int
    anomalous: int
    events: int
    rule: str
    yardstick: Yardstick
    rows: Mapping[str, ScoreRow]

    def values(self, row: str = "score") -> dict[str, float]:
        """Return the measures of a row as numbers, by their names.

        Raises:
            DataError: there is no such row.
        """
        if row not in self.rows:
            raise DataError(
                f"there is no row {row!r}",
                where=", ".join(self.rows),
                hint=nearest(row, self.rows) or 'of a score without inputs there is no "mean |x|"',
            )
        return {name: one.value for name, one in self.rows[row].measures.items()}

    def to_json(self) -> dict[str, Any]:
        """Return all as plain values, numbers that are not finite as texts."""
        window, bootstrap = self.yardstick.window, self.yardstick.bootstrap
        volumes = {**window._asdict(), "thresholds": THRESHOLDS} if self._ordered else None
        plain = {
            **{name: getattr(self, name) for name in ("unit", "count", "anomalous", "events")},
            "volumes": volumes,
            "rule": self.rule,
            "bootstrap": {**asdict(bootstrap), "level": LEVEL},
            "rows": {name: row.to_json() for name, row in self.rows.items()},
        }
        return dict(encode_numbers(plain))

    def table(self) -> Table:
        """Return a row a score and a column a measure, each with its interval where it has one.

        A measure that no score has is left out; the notes above the table say why.
        """
        columns, lines = [Column("score")], [[name] for name in self.rows]
        for name in self.yardstick.names:
            measured = [row.measures[name] for row in self.rows.values()]
            if not all(one.reason for one in measured):
                columns.append(numbers(name))
                _append(lines, [None if one.reason else one.value for one in measured])
            if any(one.resampled.interval for one in measured):
                columns.append(Column(f"{name}, {_LEVEL}", _interval_text))
                _append(lines, [one.resampled.interval for one in measured])
        return Table(columns, lines, above=self.notes())

    def notes(self) -> list[str]:
        """Return what holds for the whole table, and why numbers are NaN."""
        found = f"{self.count:,} {self.unit}s, {self.anomalous:,} anomalous"
        lines = [f"{found}, events: {self.events:,}" if self._ordered else found]
        if self._ordered:
            window = self.yardstick.window
            lines.append(f"VUS: windows up to {window.size} points ({window.source})")
        if any(not row.threshold.reason for row in self.rows.values()):
            lines.append(f"thresholds: {self.rule}, chosen on the validation set")
        return [*lines, *self._bootstrap_notes(), *self._reasons()]

    def _measurements(self) -> Iterator[Measurement]:
        return (one for row in self.rows.values() for one in row.measures.values())

    @property
    def _ordered(self) -> bool:
        return self.yardstick.ordered

    def _bootstrap_notes(self) -> list[str]:
        bootstrap = self.yardstick.bootstrap
        if not any(one.resampled.interval for one in self._measurements()):
            return []
        blocks = f" in blocks of {bootstrap.block}" if bootstrap.block > 1 else ""
        left_out = max(row.measures["roc_auc"].resampled.left_out for row in self.rows.values())
        rest = f"; {left_out:,} of one class are left out" if left_out else ""
        return [f"{_LEVEL}: bootstrap, {bootstrap.resamples:,} resamples{blocks}{rest}"]

    def _reasons(self) -> list[str]:
        rows: dict[str, dict[str, None]] = {}
        for name, row in self.rows.items():
            for one in filter(lambda one: one.reason, row.measures.values()):
                rows.setdefault(one.reason, {})[name] = None
        return [
            f"not defined: {reason}"
            + ("" if len(names) == len(self.rows) else f" ({', '.join(names)})")
            for reason, names in rows.items()
        ]

    def __str__(self) -> str:
        """Lay the table out as text."""
        return "\n".join(lay_out(self.table(), _WIDTH))


def _append(lines: list[list[Any]], cells: list[Any]) -> None:
    for line, cell in zip(lines, cells, strict=True):
        line.append(cell)


def _interval_text(interval: Interval) -> str:
    return f"[{interval.low:.3f}, {interval.high:.3f}]"
