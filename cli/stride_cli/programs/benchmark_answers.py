"""Describe what `stride benchmark` prints with `--json`."""

from typing import Literal

from pydantic import Field, RootModel

from stride.runs.records.record import Count, Number
from stride_cli.programs.answer import Answer
from stride_cli.programs.deciding_answers import LeftOutRun, Moments, Paired
from stride_cli.programs.sweep_answers import SweepPlan, SweepState


class BenchmarkCell(Moments):
    """Hold what a metric is of a model on a data set."""

    model: str
    dataset: str
    standing: Literal["best", "behind", "unclear"] | None = Field(
        description="Beside the other models on the data set; null: none has a value, or it has not"
    )
    rank: Number | None = Field(description="By the mean, 1 for the best; equal ones share theirs")
    to_the_best: Paired | None


class TrivialScore(Answer):
    """Hold what a score that learns nothing reaches on a data set."""

    score: str = Field(description="random, or mean |x|: the mean magnitude of the inputs")
    dataset: str
    n: Count = Field(description="Of how many seeds: a random score is drawn by the seed")
    mean: Number


class BenchmarkMetric(Answer):
    """Hold all cells by one metric."""

    metric: str
    mode: Literal["min", "max"] | None
    cells: list[BenchmarkCell]
    trivial: list[TrivialScore] = Field(
        description="What a model has to beat; ranked nowhere, and only of how anomalies are found"
    )
    mean_ranks: dict[str, Number] = Field(description="By model, over the data sets of ranked_over")
    ranked_over: list[str] = Field(description="Data sets on which every model has a value")


class BenchmarkTable(Answer):
    """What `stride benchmark W --json` prints."""

    models: list[str]
    datasets: list[str]
    metrics: list[BenchmarkMetric]
    left_out: list[LeftOutRun]


class BenchmarkTablePlanOrState(RootModel[BenchmarkTable | SweepPlan | SweepState]):
    """What `stride benchmark W --json` prints, without and with --plan or --workers 0."""
