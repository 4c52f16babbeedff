"""Give what was compared as plain values, for programs."""

from collections.abc import Iterable
from typing import Any

from stride.runs.deciding.comparison import Comparison, Measured
from stride.runs.deciding.configurations import LeftOut, Repeat, Study
from stride.runs.deciding.decision import Decision, Side
from stride.runs.deciding.over_tasks import TaskComparison, TaskScores
from stride.runs.deciding.scaling import Timed
from stride.stats.paired import Paired

Plain = dict[str, Any]


def comparisons(study: Study, found: Iterable[Comparison]) -> Plain:
    """Return what metrics say of the configurations of a study."""
    return {
        "over": list(study.over),
        "metrics": [
            {
                "metric": one.metric.title,
                "mode": one.mode,
                "configurations": [_measured(row, study) for row in one.rows],
            }
            for one in found
        ],
        "left_out": [*map(left_out_run, study.left_out)],
    }


def task_comparisons(study: Study, found: Iterable[TaskComparison]) -> Plain:
    """Return what metrics say of the configurations of a study over its tasks."""
    keys = study.over[-study.tasks :]
    return {
        "over": list(study.over[: -study.tasks]),
        "tasks": list(keys),
        "metrics": [
            {
                "metric": one.metric.title,
                "mode": one.mode,
                "tasks": [dict(zip(keys, task, strict=True)) for task in one.tasks],
                "configurations": [_over_tasks(row, study) for row in one.rows],
            }
            for one in found
        ],
        "left_out": [*map(left_out_run, study.left_out)],
    }


def decision(found: Decision) -> Plain:
    """Return an answer, and what it is built on."""
    return {
        "answer": found.answer,
        "metric": found.metric.title,
        "mode": found.mode,
        "over": list(found.one.study.over),
        "settings": {key: list(values) for key, values in found.settings.items()},
        "pairs": [_repeat(one, found.one.study) for one in found.pairs],
        "difference": paired_values(found.paired),
        "effect": found.paired.effect,
        "further": found.paired.further(),
        "one": _side(found.one),
        "other": _side(found.other),
    }


def timings(rows: Iterable[Timed], left_out: Iterable[LeftOut]) -> Plain:
    """Return how fast works are by so many processes."""
    return {
        "timings": [
            {
                "name": row.name,
                "device": row.device,
                "processes": row.processes,
                "runs": [str(facts.row.path) for facts in row.runs],
                "samples_per_second": row.rate,
                "deviation": row.rate_deviation,
                "train_seconds": row.seconds,
                "speedup": row.scaled.speedup,
                "efficiency": row.scaled.efficiency,
            }
            for row in rows
        ],
        "left_out": [*map(left_out_run, left_out)],
    }


def _side(side: Side) -> Plain:
    found = moments(side.measured, side.study)
    left_out = [*found["left_out"], *map(left_out_run, side.study.left_out)]
    return {"name": side.name, **found, "left_out": left_out}


def _measured(row: Measured, study: Study) -> Plain:
    against = row.against_best
    return {
        "configuration": row.configuration.name,
        "settings": dict(row.configuration.settings),
        "standing": row.standing,
        **moments(row, study),
        "to_the_best": None if against is None else paired_values(against),
    }


def _over_tasks(row: TaskScores, study: Study) -> Plain:
    improvement = row.improvement
    return {
        "configuration": row.measured.configuration.name,
        "settings": dict(row.measured.configuration.settings),
        "standing": row.standing,
        "n": len(row.measured.values),
        "mean": row.mean,
        "iqm": row.interquartile_mean,
        "iqm_interval": row.interquartile_interval,
        "improvement": None if improvement is None else improvement._asdict(),
        "values": [list(values) for values in row.tasks],
        **_runs(row.measured, study),
    }


def moments(row: Measured, study: Study) -> Plain:
    """Return the statistics of a configuration, and of which runs they are."""
    return {
        "n": len(row.values),
        "mean": row.mean if row.values else None,
        "deviation": row.deviation,
        "iqm": row.interquartile_mean if row.values else None,
        "mean_interval": row.mean_interval,
        "iqm_interval": row.interquartile_interval,
        **_runs(row, study),
    }


def _runs(row: Measured, study: Study) -> Plain:
    runs, again = row.configuration.runs, map(left_out_run, row.configuration.again)
    return {
        "runs": [
            {**_repeat(at, study), "path": str(runs[at].row.path), "value": value}
            for at, value in row.values.items()
        ],
        "left_out": [
            *(_repeat(at, study) | left_out_run(left) for at, left in row.left_out.items()),
            *again,
        ],
        "missing": [_repeat(at, study) for at in row.missing],
    }


def paired_values(paired: Paired) -> Plain:
    """Return the differences of two configurations."""
    mean = paired.mean if paired.n else None
    return {"n": paired.n, "mean": mean, "interval": paired.interval, "level": paired.level}


def left_out_run(left: LeftOut) -> Plain:
    """Return a run that does not count, and why."""
    return {"path": str(left.facts.row.path), "why": left.why}


def _repeat(repeat: Repeat, study: Study) -> Plain:
    return dict(zip(study.over, repeat, strict=True))
