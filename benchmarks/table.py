"""Hold the rows of the table, judge them against their goals, and print them."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

TITLES = ("row", "what", "median", "spread", "goal", "")
TOLERANCE = 1e-9  # of a floating point number that equals its goal


@dataclass(frozen=True)
class Row:
    """One line of the table: a measured value, or why there is none.

    Attributes:
        name: the group it belongs to, as `--only` takes it.
        what: which two things were compared, or what was measured.
        median: over the turns; None where nothing was measured.
        low: the lower quartile.
        high: the upper quartile.
        goal: the largest median that is good; None where there is no goal.
        unit: of the value; empty for a ratio.
        missing: why nothing was measured.
    """

    name: str
    what: str
    median: float | None = None
    low: float | None = None
    high: float | None = None
    goal: float | None = None
    unit: str = ""
    missing: str = ""

    @property
    def verdict(self) -> str:
        """Return ok or missed; nothing where there is no goal; why where nothing was measured."""
        if self.median is None:
            return self.missing
        if self.goal is None:
            return ""
        return "ok" if self.median <= self.goal + TOLERANCE else "missed"

    def to_json(self) -> dict[str, Any]:
        """Return the row and its verdict as plain values."""
        return asdict(self) | {"verdict": self.verdict}


def row_of(
    name: str, what: str, values: Sequence[float], goal: float | None = None, unit: str = ""
) -> Row:
    """Return the row of one value a turn: their median, and their quartiles as the spread."""
    low, middle, high = quartiles(values)
    return Row(name, what, middle, low, high, goal, unit)


def ratio_row(
    name: str,
    what: str,
    values: Sequence[float],
    baseline: Sequence[float],
    goal: float | None = None,
) -> Row:
    """Return the row of the ratios of two parties, turn by turn."""
    ratios = [ours / theirs for ours, theirs in zip(values, baseline, strict=True)]
    return row_of(name, what, ratios, goal)


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return lower quartile, median and upper quartile; all three are the value if there is one."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def render(rows: Iterable[Row]) -> str:
    """Return the rows as one aligned table."""
    lines = [TITLES, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(cells, widths) for cells in (lines[0], rule, *lines[1:]))


def _cells(row: Row) -> tuple[str, ...]:
    if row.median is None or row.low is None or row.high is None:
        return row.name, row.what, "-", "-", "-", row.verdict
    spread = f"{_number(row.low)}..{_number(row.high)}"
    goal = "-" if row.goal is None else f"<= {_number(row.goal)}"
    unit = f" {row.unit}" if row.unit else ""
    return row.name, row.what, _number(row.median) + unit, spread, goal, row.verdict


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) and abs(value) < 100 else f"{value:.4g}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    right = (2, 3, 4)
    texts = (
        cell.rjust(width) if column in right else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(texts).rstrip()
