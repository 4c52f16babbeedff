"""Say of each configuration what a metric is over several tasks, and which may be the best."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from stride.runs.deciding.comparison import Measured, measure, mode_of
from stride.runs.deciding.configurations import Repeat, Study
from stride.runs.where.names import Field
from stride.stats.best import Standing
from stride.stats.intervals import LEVEL, Interval, stratified_interval
from stride.stats.moments import mean
from stride.stats.paired import Mode
from stride.stats.tasks import (
    Tasks,
    interquartile_mean_over,
    probability_of_improvement,
    scaled_by_range,
)


class Improvement(NamedTuple):
    """Hold how likely a run of one configuration is better than one of another, on a same task.

    Attributes:
        probability: 0.5 where they do not differ.
        interval: its stratified bootstrap interval; None where a task has fewer than two runs.
        level: of the interval.
    """

    probability: float
    interval: Interval | None
    level: float

    @classmethod
    def of(cls, one: Tasks, other: Tasks, mode: Mode, level: float) -> "Improvement":
        """Compare two configurations on the same tasks."""
        chance: Callable[[Tasks, Tasks], float] = partial(probability_of_improvement, mode=mode)
        return cls(chance(one, other), stratified_interval(chance, one, other, level=level), level)


@dataclass(frozen=True)
class TaskScores:
    """Hold what a metric is in the runs of a configuration on several tasks.

    Attributes:
        measured: its runs.
        tasks: of each task in turn, the values of its runs, scaled where that was asked for.
        improvement: on the best; None of the best itself, where a task has no runs, and where it is
            not known which way is better.
        standing: "best" has the best interquartile mean, "behind" is surely not better than it.
    """

    measured: Measured
    tasks: Tasks
    improvement: Improvement | None = None
    standing: Standing | None = None

    @property
    def complete(self) -> bool:
        """Tell whether there are runs of each task; what they add up to is told of no fewer."""
        return bool(self.tasks) and all(self.tasks)

    @property
    def mean(self) -> float | None:
        """Return the mean of the tasks' means."""
        return mean([mean(values) for values in self.tasks]) if self.complete else None

    @property
    def interquartile_mean(self) -> float | None:
        """Return the mean of the middle half of all runs."""
        return interquartile_mean_over(self.tasks) if self.complete else None

    @property
    def interquartile_interval(self) -> Interval | None:
        """Return its stratified bootstrap interval; None where a task has fewer than two runs."""
        return stratified_interval(interquartile_mean_over, self.tasks) if self.complete else None


@dataclass(frozen=True)
class TaskComparison:
    """Hold what one metric says of the configurations of a study over its tasks.

    Attributes:
        metric: what was asked for.
        mode: which way is better; None where that is not known.
        tasks: the values of the keys that tell each task, in ascending order.
        rows: the best one first, those that lack a task last.
        scaled: whether the values of each task were brought to one range.
    """

    metric: Field
    mode: Mode | None
    tasks: Sequence[Repeat]
    rows: Sequence[TaskScores]
    scaled: bool = False


def compare_over_tasks(
    study: Study, metric: Field, mode: Mode | None = None, *, scale: bool = False
) -> TaskComparison:
    """Compare the configurations of a study by a metric over its tasks.

    Args:
        study: the configurations, with tasks.
        metric: a metric as `Selection.field` gives it.
        mode: which way is better; None: by the runs' monitors, or by the metric's name.
        scale: make the smallest value of each task 0 and the largest 1, of all that are complete.
    """
    repeats, runs = study.repeats, [r for one in study.configurations for r in one.runs.values()]
    tasks = [*dict.fromkeys(repeat[-study.tasks :] for repeat in repeats)]
    tasks.sort(key=lambda task: [str(value) for value in task])
    measured = [measure(one, metric, repeats) for one in study.configurations]
    rows = [TaskScores(row, _by_task(row, tasks)) for row in measured]
    known, lacking = [r for r in rows if r.complete], [r for r in rows if not r.complete]
    if scale:
        known = _scaled(known)
    mode = mode or mode_of(metric.key, runs)
    placed = known if mode is None or not known else _placed(known, mode)
    return TaskComparison(metric, mode, tasks, [*placed, *lacking], scale)


def _by_task(row: Measured, tasks: Sequence[Repeat]) -> list[list[float]]:
    return [
        [value for repeat, value in row.values.items() if repeat[-len(task) :] == task]
        for task in tasks
    ]


def _scaled(rows: Sequence[TaskScores]) -> list[TaskScores]:
    """Return rows whose values were scaled together, task by task."""
    pooled = [[v for values in several for v in values] for several in _columns(rows)]
    wholes = [iter(values) for values in scaled_by_range(pooled)]
    return [
        replace(
            row,
            tasks=[
                [next(whole) for _ in one] for one, whole in zip(row.tasks, wholes, strict=True)
            ],
        )
        for row in rows
    ]


def _columns(rows: Sequence[TaskScores]) -> list[tuple[Sequence[float], ...]]:
    return [*zip(*(row.tasks for row in rows), strict=True)]


def _placed(rows: Sequence[TaskScores], mode: Mode) -> list[TaskScores]:
    """Return rows by their interquartile means, each but the best compared with the best.

    The intervals hold together (Bonferroni), as those of `ranked`.
    """
    sign = -1.0 if mode == "max" else 1.0
    best, *others = sorted(rows, key=lambda row: sign * (row.interquartile_mean or 0.0))
    level = 1 - (1 - LEVEL) / max(1, len(others))
    placed = [replace(best, standing="best")]
    for row in others:
        found = Improvement.of(row.tasks, best.tasks, mode, level)
        behind = found.interval is not None and found.interval.high < 0.5
        placed.append(replace(row, improvement=found, standing="behind" if behind else "unclear"))
    return placed
