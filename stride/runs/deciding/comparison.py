"""Say of each configuration what a metric is over its seeds, and which may be the best."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from stride.config.metrics import infer_mode
from stride.errors import ConfigError
from stride.runs.deciding.configurations import DONE, Configuration, LeftOut, Repeat, Study
from stride.runs.listing.facts import Facts
from stride.runs.where.names import Field
from stride.stats.best import Standing, ranked
from stride.stats.intervals import Interval, bootstrap_interval, t_interval
from stride.stats.moments import deviation, interquartile_mean, mean
from stride.stats.paired import Mode, Paired


@dataclass(frozen=True)
class Measured:
    """Hold what a metric is in the runs of a configuration.

    Attributes:
        configuration: the runs.
        values: the metric by repetition, of the runs that are done and measured it.
        left_out: the other runs, by repetition, and why each does not count.
        missing: repetitions of other configurations that it has not.
        against_best: its values minus those of the best, over the repetitions of both; None for the
            best itself, and where it is not known which way is better.
        standing: "best" has the best mean, "behind" is surely not the best, the others may be.
    """

    configuration: Configuration
    values: Mapping[Repeat, float]
    left_out: Mapping[Repeat, LeftOut]
    missing: Sequence[Repeat]
    against_best: Paired | None = None
    standing: Standing | None = None

    @property
    def numbers(self) -> list[float]:
        """Return the values alone."""
        return list(self.values.values())

    @property
    def mean(self) -> float:
        """Return their mean; NaN of none."""
        return mean(self.numbers)

    @property
    def deviation(self) -> float | None:
        """Return their standard deviation, n - 1 in the denominator; None for fewer than two."""
        return deviation(self.numbers) if len(self.values) > 1 else None

    @property
    def interquartile_mean(self) -> float:
        """Return the mean of their middle half."""
        return interquartile_mean(self.numbers)

    @property
    def mean_interval(self) -> Interval | None:
        """Return Student's interval of the mean; None for fewer than two values."""
        return t_interval(self.numbers)

    @property
    def interquartile_interval(self) -> Interval | None:
        """Return the bootstrap interval of the interquartile mean; None likewise."""
        return bootstrap_interval(self.numbers)


@dataclass(frozen=True)
class Comparison:
    """Hold what one metric says of the configurations of a study.

    Attributes:
        metric: what was asked for.
        mode: "max" or "min", None where it is not known which way is better.
        rows: the best one first, those without values last; without a mode in their own order.
    """

    metric: Field
    mode: Mode | None
    rows: Sequence[Measured]

    @property
    def best(self) -> Measured | None:
        """Return the configuration with the best mean."""
        return next((row for row in self.rows if row.standing == "best"), None)


def compare(study: Study, metric: Field, mode: Mode | None = None) -> Comparison:
    """Compare the configurations of a study by a metric.

    Args:
        study: the configurations.
        metric: a metric as `Selection.field` gives it.
        mode: which way is better; None: by the runs' monitors, or by the metric's name.
    """
    repeats = study.repeats
    rows = [measure(one, metric, repeats) for one in study.configurations]
    mode = mode or mode_of(metric.key, _runs(study))
    known = [row for row in rows if row.values]
    if mode is None or not known:
        return Comparison(metric, mode, rows)
    order = ranked([row.values for row in known], mode)
    placed = [
        replace(known[place], standing=standing, against_best=against)
        for place, standing, against in order
    ]
    return Comparison(metric, mode, placed + [row for row in rows if not row.values])


def measure(
    configuration: Configuration, metric: Field, repeats: Iterable[Repeat] = ()
) -> Measured:
    """Read a metric of a configuration's runs; a value that is not finite is none, and told.

    Args:
        configuration: the runs.
        metric: the metric.
        repeats: all repetitions that there might be.
    """
    values: dict[Repeat, float] = {}
    left_out: dict[Repeat, LeftOut] = {}
    for repeat, facts in configuration.runs.items():
        value = facts.value(metric)
        if why := _reason(facts, metric, value):
            left_out[repeat] = LeftOut(facts, why)
        else:
            values[repeat] = value
    missing = [one for one in repeats if one not in configuration.runs]
    return Measured(configuration, values, left_out, missing)


def _reason(facts: Facts, metric: Field, value: float | None) -> str:
    """Return why a run does not count, nothing where it does."""
    row = facts.row
    if row.state != DONE:
        return f"{row.state}: {row.reason}" if row.reason else row.state
    if value is None:
        return f"has no {metric.title}"
    return "" if math.isfinite(value) else f"{metric.title} is {value}"


def _runs(study: Study) -> list[Facts]:
    return [facts for one in study.configurations for facts in one.runs.values()]


def mode_of(metric: str, runs: Iterable[Facts]) -> Mode | None:
    """Return which way of a metric is better: as the runs that monitor it on any split say.

    Else its name may tell; None where it does not, or where runs contradict each other.

    Args:
        metric: its full name.
        runs: that may monitor it.
    """
    said = {facts.row.mode for facts in runs if _kind(facts.row.monitor or "") == _kind(metric)}
    said.discard(None)
    if said == {"max"} or said == {"min"}:
        return "max" if said == {"max"} else "min"
    if said:
        return None
    try:
        return infer_mode(metric)
    except ConfigError:
        return None


def _kind(metric: str) -> str:
    """Return what a metric measures, whatever the split."""
    return metric.partition("/")[2].removeprefix("epoch_") or metric
