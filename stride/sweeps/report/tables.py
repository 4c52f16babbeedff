"""Make the tables of a sweep's report, for terminals and pages."""

from collections.abc import Mapping
from dataclasses import replace

from stride.runs.deciding.comparison import Comparison, Measured
from stride.runs.deciding.settings import short_names
from stride.runs.deciding.tables import comparison_table
from stride.sweeps.following.words import shown
from stride.sweeps.report.report import Report
from stride.tables.table import Column, Table

TOP = 20
"""Configurations that a report shows; programs get them all."""


def top_table(report: Report) -> Table:
    """Return the best configurations as `stride stats` does, with the trials that tried them."""
    rows = [_renamed(row) for row in report.comparison.rows[:TOP]]
    table = comparison_table([Comparison(report.comparison.metric, report.comparison.mode, rows)])
    trials = [", ".join(map(str, report.trials_of(row))) for row in report.comparison.rows[:TOP]]
    columns = [Column("trial", str), *table.columns]
    cells = [[trial, *row] for trial, row in zip(trials, table.rows, strict=True)]
    return _without_empty(table._replace(columns=columns, rows=cells, names=2))


def _renamed(row: Measured) -> Measured:
    """Return a row whose numbers are to be read: exact ones are in the overrides of the best."""
    named = replace(row.configuration, name=shown(row.configuration.settings))
    return replace(row, configuration=named)


def _without_empty(table: Table) -> Table:
    """Return a table without the columns in which no row has a value."""
    kept = [
        at
        for at in range(len(table.columns))
        if at < table.names or any(row[at] is not None for row in table.rows)
    ]
    rows = [[row[at] for at in kept] for row in table.rows]
    return table._replace(columns=[table.columns[at] for at in kept], rows=rows)


def importance_table(shares: Mapping[str, float]) -> Table:
    """Return the importances, the largest first."""
    short = short_names(shares, shares)
    columns = [Column("key", str), Column("importance", "{:.2f}".format, numeric=True)]
    return Table(columns, [[short[key], share] for key, share in shares.items()])


def failure_table(report: Report) -> Table:
    """Return the trials that have failed, each with its reason."""
    columns = [Column("trial", str), Column("run", str), Column("why", str, wraps=True)]
    columns += [Column("overrides", str, long=True)]
    return Table(
        columns,
        [
            [one.trial, ", ".join(run.name for run in one.runs), one.why, shown(one.overrides)]
            for one in report.failures
        ],
    )
