"""Make the tables of a sweep's report, for terminals and pages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from optuna.trial import FrozenTrial

from stride.runs.deciding.comparison import Comparison, Measured
from stride.runs.deciding.settings import SEED, short_names
from stride.runs.deciding.tables import comparison_table
from stride.sweeps.following.words import overrides_of, shown
from stride.sweeps.report.report import Report
from stride.tables.table import Column, Table

TOP = 20
"""Configurations that a report shows; programs get them all."""


def top_table(report: Report) -> Table:
    """Return the best configurations as `stride stats` does, with the trials that tried them."""
    found = report.comparison
    trials = [report.trials_of(row) for row in found.rows[:TOP]]
    rows = [_renamed(*pair) for pair in zip(found.rows, trials, strict=False)]
    table = comparison_table([Comparison(found.metric, found.mode, rows)])
    columns = [Column("trial", str), *table.columns]
    numbers = (", ".join(str(one.number) for one in some) for some in trials)
    cells = [[text, *row] for text, row in zip(numbers, table.rows, strict=True)]
    return table._replace(columns=columns, rows=cells, names=2).without_empty()


def _renamed(row: Measured, trials: Sequence[FrozenTrial]) -> Measured:
    """Return a row that is called by all that was varied, in numbers that can be read.

    Exact ones are in the overrides of the best, and in what programs get.
    """
    tried = {key: one for key, one in overrides_of(trials[0]).items() if key != SEED}
    name = shown(tried) or row.configuration.name
    return replace(row, configuration=replace(row.configuration, name=name))


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
