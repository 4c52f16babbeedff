"""Make the tables of configurations and timings that a terminal and a paper show."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from stride.runs.deciding.comparison import Comparison, Measured
from stride.runs.deciding.scaling import Timed
from stride.stats.intervals import Interval
from stride.tables.table import Column, Table, numbers
from stride.tables.words import duration

PLACES = 6  # at most, behind the point
ALL = "(all)"
"""What a configuration is called that differs from no other."""

SHEET = (
    *("metric", "configuration", "standing", "n", "mean", "deviation", "iqm"),
    *("mean_low", "mean_high", "iqm_low", "iqm_high"),
    *("pairs", "difference", "difference_low", "difference_high"),
)
"""The titles of a spreadsheet of comparisons."""


def comparison_table(found: Sequence[Comparison]) -> Table:
    """Return a row for each configuration and metric; the best of each metric stands out."""
    several = len(found) > 1
    compared = any(one.best and len(one.rows) > 1 for one in found)
    columns = [
        Column("configuration", str, wraps=True),
        *([Column("metric", str)] if several else []),
        *([Column("standing", str)] if compared else []),
        Column("n", str, numeric=True),
        *(Column(title, str, numeric=True) for title in ("mean", "deviation", "IQM")),
        *(Column(title, str) for title in ("mean, 95 %", "IQM, 95 %")),
        *([Column("to the best", str)] if compared else []),
    ]
    lines = [(one, row) for one in found for row in one.rows]
    rows = [_cells(one, row, several=several, compared=compared) for one, row in lines]
    best = frozenset(at for at, (_, row) in enumerate(lines) if row.standing == "best")
    return Table(columns, rows, bold=best if compared else frozenset(), names=1 + several)


def _cells(one: Comparison, row: Measured, *, several: bool, compared: bool) -> list[str | None]:
    write = MetricWriter(one.rows)
    against = row.against_best
    to_the_best = None
    if against is not None and against.interval is not None:
        to_the_best = f"{write(against.mean, '+')} {write.interval(against.interval, '+')}"
    return [
        row.configuration.name or ALL,
        *([one.metric.title] if several else []),
        *([row.standing] if compared else []),
        str(len(row.values)),
        write(row.mean),
        write(row.deviation),
        write(row.interquartile_mean),
        write.interval(row.mean_interval),
        write.interval(row.interquartile_interval),
        *([to_the_best] if compared else []),
    ]


class MetricWriter:
    """Write numbers with as many places as show two digits of the smallest deviation.

    Args:
        rows: of one metric.
    """

    def __init__(self, rows: Iterable[Measured]) -> None:
        sizes = [one for row in rows if (one := row.deviation or 0) > 0]
        self._form = ".4g"
        if sizes:
            first = math.floor(math.log10(min(sizes)))
            self._form = f".{min(PLACES, max(0, 1 - first))}f"

    def __call__(self, value: float | None, sign: str = "") -> str | None:
        if value is None or math.isnan(value):
            return None
        return f"{value:{sign}{self._form}}"

    def interval(self, found: Interval | None, sign: str = "") -> str | None:
        if found is None or math.isnan(found.low):
            return None
        return f"[{self(found.low, sign)}, {self(found.high, sign)}]"


def comparison_sheet(found: Iterable[Comparison]) -> list[list[Any]]:
    """Return rows of plain numbers, under the titles of SHEET."""
    return [_line(one, row) for one in found for row in one.rows]


def _line(one: Comparison, row: Measured) -> list[Any]:
    against = row.against_best
    paired: list[Any] = [None] * 4
    if against is not None:
        paired = [against.n, _finite(against.mean), *ends(against.interval)]
    moments = [_finite(row.mean), row.deviation, _finite(row.interquartile_mean)]
    intervals = [*ends(row.mean_interval), *ends(row.interquartile_interval)]
    start = [one.metric.title, row.configuration.name, row.standing, len(row.values)]
    return [*start, *moments, *intervals, *paired]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def ends(interval: Interval | None) -> tuple[float | None, float | None]:
    """Return both bounds, None where there is none that is finite."""
    return (None, None) if interval is None else (_finite(interval.low), _finite(interval.high))


def scaling_table(rows: Sequence[Timed]) -> Table:
    """Return a row for each work and number of processes."""
    columns = [
        Column("work", str),
        Column("device", str),
        *(Column(title, numeric=True) for title in ("processes", "runs")),
        *(numbers(title) for title in ("samples/s", "deviation")),
        Column("training", duration, numeric=True),
        Column("speed-up", "{:.2f}".format, numeric=True),
        Column("efficiency", "{:.0%}".format, numeric=True),
    ]
    values = [
        [
            *(row.name or ALL, row.device, row.processes, len(row.runs)),
            *(row.rate, row.rate_deviation, row.seconds, *row.scaled),
        ]
        for row in rows
    ]
    return Table(columns, values)
