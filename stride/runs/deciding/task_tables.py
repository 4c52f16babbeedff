"""Make the tables of configurations over tasks that a terminal and a paper show."""

from collections.abc import Iterable, Sequence
from typing import Any

from stride.runs.deciding.over_tasks import Improvement, TaskComparison, TaskScores
from stride.runs.deciding.tables import ALL, MetricWriter, ends
from stride.tables.table import Column, Table

SHEET = (
    *("metric", "configuration", "standing", "tasks", "n", "mean", "iqm", "iqm_low", "iqm_high"),
    *("improvement", "improvement_low", "improvement_high"),
)
"""The titles of a spreadsheet of comparisons over tasks."""


def task_table(found: Sequence[TaskComparison]) -> Table:
    """Return a row for each configuration and metric; the best of each metric stands out."""
    several = len(found) > 1
    columns = [
        Column("configuration", str, wraps=True),
        *([Column("metric", str)] if several else []),
        Column("standing", str),
        *(Column(title, str, numeric=True) for title in ("tasks", "n", "mean", "IQM")),
        Column("IQM, 95 %", str),
        Column("better than the best", str),
    ]
    lines = [(one, row) for one in found for row in one.rows]
    rows = [_cells(one, row, several=several) for one, row in lines]
    best = frozenset(at for at, (_, row) in enumerate(lines) if row.standing == "best")
    return Table(columns, rows, bold=best, names=1 + several)


def _cells(one: TaskComparison, row: TaskScores, *, several: bool) -> list[str | None]:
    write = MetricWriter(())  # by how tasks vary nothing can be told of digits
    return [
        row.measured.configuration.name or ALL,
        *([one.metric.title] if several else []),
        row.standing,
        str(sum(map(bool, row.tasks))),
        str(len(row.measured.values)),
        write(row.mean),
        write(row.interquartile_mean),
        write.interval(row.interquartile_interval),
        None if row.improvement is None else _chance(row.improvement),
    ]


def _chance(found: Improvement) -> str:
    if found.interval is None:
        return f"{found.probability:.2f}"
    return f"{found.probability:.2f} [{found.interval.low:.2f}, {found.interval.high:.2f}]"


def task_sheet(found: Iterable[TaskComparison]) -> list[list[Any]]:
    """Return rows of plain numbers, under the titles of SHEET."""
    return [_line(one, row) for one in found for row in one.rows]


def _line(one: TaskComparison, row: TaskScores) -> list[Any]:
    better = row.improvement
    chance = [None] * 3 if better is None else [better.probability, *ends(better.interval)]
    name = row.measured.configuration.name
    counts = [sum(map(bool, row.tasks)), len(row.measured.values)]
    moments = [row.mean, row.interquartile_mean, *ends(row.interquartile_interval)]
    return [one.metric.title, name, row.standing, *counts, *moments, *chance]
