"""Give the report of a sweep as plain values, for programs."""

from collections.abc import Iterator
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from stride.runs.deciding import plain
from stride.sweeps.following.standing import ENDED, Standing, runs_of
from stride.sweeps.following.words import overrides_of, train_command
from stride.sweeps.report.report import Best, Report
from stride.sweeps.sweep import Sweep

Plain = dict[str, Any]


def to_plain(report: Report) -> Plain:
    """Return all that a report holds."""
    sweep, record = report.sweep, report.sweep.record
    (metric,) = plain.comparisons(report.study, [report.comparison])["metrics"]
    return {
        "sweep": record.name,
        "path": str(sweep.paths.path),
        "study": record.study,
        "metric": record.metric,
        "mode": record.mode,
        "counts": report.standing.counts,
        "best": None if report.best is None else _best(sweep, report.best),
        "configurations": metric["configurations"],
        "trials": [*_trials(report, report.standing)],
        "importances": report.importances._asdict(),
        "at_edge": [one._asdict() for one in report.at_edges],
    }


def _best(sweep: Sweep, best: Best) -> Plain:
    measured = best.measured
    return {
        "trial": best.trials[0].number,
        "value": measured.mean,
        "interval": measured.mean_interval,
        "n": len(measured.values),
        "overrides": best.overrides,
        "runs": [str(facts.row.path) for facts in measured.configuration.runs.values()],
        "command": train_command(sweep.work_dir, best.overrides),
    }


def _trials(report: Report, standing: Standing) -> Iterator[Plain]:
    reasons = {one.trial: one.why for one in report.failures}
    for one in sorted([*standing.running, *standing.ended], key=lambda one: one.number):
        yield {
            "trial": one.number,
            "state": ENDED.get(one.state, "running"),
            "value": _value(one),
            "overrides": overrides_of(one),
            "runs": [str(run.path) for run in runs_of(report.sweep, one)],
            "why": reasons.get(one.number),
        }


def _value(trial: FrozenTrial) -> float | None:
    return trial.value if trial.state == TrialState.COMPLETE else None
