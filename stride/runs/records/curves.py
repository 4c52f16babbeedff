"""Learning curves of active learning: of one run, and of runs side by side."""

from typing import ClassVar, Literal

from pydantic import Field

from stride.runs.records.record import Count, Number, Record, Versioned


class CurveRecord(Versioned):
    """Hold the learning curve of a run of active learning (curve.json)."""

    schema_name: ClassVar[str] = "curve"

    metric: str
    mode: Literal["min", "max"] = Field(description="Which way is better")
    labelled: list[Count]
    values: list[Number]
    area: Number = Field(description="Under the curve, over the span of the labels")
    target: Number | None = None
    labels_needed: Count | None = Field(None, description="Of the first round at the target")


class CurveGroup(Record):
    """Hold the learning curves of runs that differ by their seed alone."""

    name: str = Field(description="The strategy, and in what else the runs differ from others")
    strategy: str
    runs: list[str] = Field(description="Names of the runs, one for each seed")
    seeds: list[Count]
    labelled: list[Count] = Field(description="The numbers of labels that all of the runs have")
    mean: list[Number] = Field(description="Of the metric at each")
    deviation: list[Number] = Field(description="Between the seeds, at each; 0 for one seed")
    areas: list[Number] = Field(description="Under the curve of each run, over these labels")
    area: Number = Field(description="Their mean")
    area_deviation: Number
    difference: Number | None = Field(None, description="Mean over the seeds, to the baseline")
    difference_error: Number | None = Field(None, description="Its standard error")
    verdict: Literal["better", "worse", "unclear"] | None = Field(
        None, description="Than the baseline; unclear where chance may do it in 5 of 100 cases"
    )
    labels_needed: list[Count | None] | None = Field(
        None, description="Of each run, for the target; null where it was not reached"
    )


class CurvesRecord(Versioned):
    """Hold what the learning curves of a work_dir say, side by side (curves.json)."""

    schema_name: ClassVar[str] = "curves"

    metric: str
    mode: Literal["min", "max"] = Field(description="Which way is better")
    baseline: str | None = Field(None, description="The strategy that others are compared with")
    target: Number | None = None
    groups: list[CurveGroup] = Field(description="The one with the best area first")
