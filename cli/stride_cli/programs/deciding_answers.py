"""Describe what commands that compare configurations print with `--json`."""

from typing import Any, Literal

from pydantic import ConfigDict, Field, RootModel

from stride.runs.records.record import Count, Number
from stride.runs.status import State
from stride_cli.programs.answer import Answer


class LeftOutRun(Answer):
    """Hold a run that does not count; beside these the keys of its repetition."""

    model_config = ConfigDict(extra="allow")

    path: str
    why: str


class Measurement(Answer):
    """Hold what a run adds; beside these the keys of its repetition, as `seed`."""

    model_config = ConfigDict(extra="allow")

    path: str
    value: Number


Interval = tuple[Number, Number]


class Moments(Answer):
    """Hold the statistics of a configuration."""

    n: Count
    mean: Number | None
    deviation: Number | None
    iqm: Number | None
    mean_interval: Interval | None
    iqm_interval: Interval | None
    runs: list[Measurement]
    left_out: list[LeftOutRun]
    missing: list[dict[str, Any]]


class Paired(Answer):
    """Hold the differences of two configurations, pair by pair."""

    n: Count
    mean: Number | None
    interval: Interval | None
    level: Number


class Configuration(Moments):
    """Hold a configuration beside the best one."""

    configuration: str
    settings: dict[str, Any]
    standing: str | None
    to_the_best: Paired | None


class ComparedMetric(Answer):
    """Hold the configurations by one metric."""

    metric: str
    mode: Literal["min", "max"] | None
    configurations: list[Configuration]


class Statistics(Answer):
    """What `stride stats W --json` prints."""

    over: list[str]
    metrics: list[ComparedMetric]
    left_out: list[LeftOutRun]


class Improvement(Answer):
    """Hold how likely a run is better than one of the best configuration, on a same task."""

    probability: Number
    interval: Interval | None
    level: Number


class OverTasks(Answer):
    """Hold a configuration over several tasks."""

    configuration: str
    settings: dict[str, Any]
    standing: str | None
    n: Count
    mean: Number | None
    iqm: Number | None
    iqm_interval: Interval | None
    improvement: Improvement | None
    values: list[list[Number]] = Field(description="Of each task, of its runs; as they count")
    runs: list[Measurement]
    left_out: list[LeftOutRun]
    missing: list[dict[str, Any]]


class MetricOverTasks(Answer):
    """Hold the configurations by one metric over several tasks."""

    metric: str
    mode: Literal["min", "max"] | None
    tasks: list[dict[str, Any]]
    configurations: list[OverTasks]


class StatisticsOverTasks(Answer):
    """What `stride stats W --tasks KEY --json` prints."""

    over: list[str]
    tasks: list[str]
    metrics: list[MetricOverTasks]
    left_out: list[LeftOutRun]


class ProcessTiming(Answer):
    """Hold how fast a work is by so many processes."""

    name: str | None
    device: str | None
    processes: Count | None
    runs: list[str]
    samples_per_second: Number | None
    deviation: Number | None
    train_seconds: Number | None
    speedup: Number | None
    efficiency: Number | None


class Scaling(Answer):
    """What `stride stats W --scaling --json` prints."""

    timings: list[ProcessTiming]
    left_out: list[LeftOutRun]


class StatisticsOrScaling(RootModel[Statistics | StatisticsOverTasks | Scaling]):
    """What `stride stats W --json` prints, without and with --tasks or --scaling."""


class Side(Moments):
    """Hold one of two configurations."""

    name: str


class MissingRun(Answer):
    """Hold a run that one of two configurations lacks."""

    of: str = Field(description="The configuration, as it was asked for")
    seed: Count
    becomes: Literal["new", "resumed"]
    run: str | None = Field(description="Its folder; null: of a new one")


class DecisionPlan(Answer):
    """What `stride better A B --plan --json` prints."""

    runs: list[MissingRun]


class TrainedRun(MissingRun):
    """Hold a run that was trained for an answer."""

    status: State
    reason: str


class Decision(Answer):
    """What `stride better A B --json` prints."""

    answer: Literal["yes", "no", "not yet"]
    metric: str
    mode: Literal["min", "max"]
    over: list[str]
    settings: dict[str, tuple[Any, Any]]
    pairs: list[dict[str, Any]]
    difference: Paired
    effect: Number | None
    further: Count | None
    one: Side
    other: Side
    trained: list[TrainedRun] = Field(description="With --run")


class DecisionOrPlan(RootModel[Decision | DecisionPlan]):
    """What `stride better A B --json` prints, without and with --plan."""
