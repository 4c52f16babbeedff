"""Say in sentences what a report holds, for terminals and pages alike."""

import math
from collections.abc import Iterator

from optuna.trial import TrialState

from stride.runs.deciding.settings import short_names
from stride.sweeps.following.words import counted, near
from stride.sweeps.report.failures import Failure
from stride.sweeps.report.importances import Importances
from stride.sweeps.report.report import Report
from stride.sweeps.report.tables import TOP
from stride.tables.words import number


def counts_line(report: Report) -> str:
    """Return how many trials stand how."""
    name, work_dir = report.sweep.record.name, near(report.sweep.work_dir)
    return f"sweep {name} in {work_dir}: {counted(report.standing)}"


def best_line(report: Report) -> str:
    """Return the best value with its interval over seeds, and which trials and runs it is of."""
    metric, best = report.sweep.record.metric, report.best
    if best is None:
        return f"best: none, no trial has come to its end with a finite {metric}"
    row = best.measured
    interval = row.mean_interval
    seeds = f" over {len(row.values)} seeds" if len(row.values) > 1 else ""
    spread = "" if interval is None else f", 95 % [{number(interval.low)}, {number(interval.high)}]"
    runs = [facts.row.name for facts in row.configuration.runs.values()]
    trials = [str(one.number) for one in best.trials]
    of = f"{_several('trial', trials)}, {_several('run', runs)}"
    return f"best: {metric} {number(row.mean)}{seeds}{spread}; {of}"


def more_line(report: Report) -> Iterator[str]:
    """Yield how many configurations are not shown."""
    more = len(report.comparison.rows) - TOP
    if more > 0:
        yield f"and {more:,} more configurations (stride sweep --report --json tells them all)"


def standing_lines(report: Report) -> Iterator[str]:
    """Yield what the words and numbers of the table mean."""
    standings = {row.standing for row in report.comparison.rows[:TOP]}
    if any(len(row.values) > 1 for row in report.comparison.rows[:TOP]):
        yield "IQM: mean of the middle half; 95 %: Student's t, and the bootstrap"
    if "behind" in standings:
        yield "behind: surely not the best; unclear: it may be"


def importance_line(found: Importances) -> str:
    """Return the importances, or why there are none."""
    short = short_names(found.shares, found.shares)
    if not found.shares:
        return f"importances: none, {found.why}"
    told = ", ".join(f"{short[key]} {share:.2f}" for key, share in found.shares.items())
    return f"importances: {told}" + (f" ({found.why})" if found.why else "")


def not_finite_line(report: Report) -> Iterator[str]:
    """Yield which complete trials count for nothing, as a run of theirs was not finite."""
    complete = report.standing.ended_as(TrialState.COMPLETE)
    numbers = [str(one.number) for one in complete if not math.isfinite(one.values[0])]
    if numbers:
        yield f"not finite, so none of the best: {_several('trial', numbers)}"


def failure_line(one: Failure) -> str:
    """Return which trial failed, and why."""
    runs = f", {_several('run', [run.name for run in one.runs])}" if one.runs else ""
    return f"failed: trial {one.trial}{runs}: {one.why}"


def _several(word: str, names: list[str]) -> str:
    return f"{word}{'s' * (len(names) > 1)} {', '.join(names)}"
