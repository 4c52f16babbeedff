"""What the final model of a reconstruction makes of each split."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from stride.config.metrics import metric_name
from stride.runs.records.record import Count, Number, Record, Versioned

SCORE = "score"
"""The row of what the model scores; those beside it learn nothing."""


class ErrorSummary(Record):
    """Hold how one error is distributed over the samples of a split."""

    mean: Number
    deviation: Number = Field(description="Between the samples; 0 of one sample")
    quantiles: dict[str, Number] = Field(description="By share: 0, 0.25, 0.5, 0.75, 0.95, 0.99, 1")


class DetectionRecord(Record):
    """Hold how well the score finds the anomalies of a split, in one unit."""

    of: Literal["snippets", "pooled points", "series"] = Field(
        description="Of what a score is: a sample, a point without its order, a point of a series"
    )
    sets: Count = Field(description="How many series are measured, each by itself; else 1")
    values: dict[str, dict[str, Number]] = Field(
        description="By row (score, random, mean |x|) and measure: the mean over these"
    )
    scores: list[dict[str, Any]] = Field(
        description="Of each: thresholds, window, intervals, and why a measure is not defined"
    )

    def measures(self, row: str) -> dict[str, float]:
        """Return what a row has by measure; those of samples are called `snippet_...`."""
        prefix = "snippet_" if self.of == "snippets" else ""
        return {f"{prefix}{name}": value for name, value in self.values.get(row, {}).items()}


class Example(Record):
    """Hold one telling sample of a split."""

    kind: Literal["worst", "best", "average"]
    number: Count = Field(description="Of the sample in its split")
    error: Number = Field(description="Its score by the final model")
    rank: Count = Field(description="Among the samples of the split, 0 for the largest error")


class SplitReconstruction(Record):
    """Hold what the final model makes of one split."""

    samples: Count
    labelled: bool = Field(description="Whether its points have labels")
    errors: dict[str, ErrorSummary] = Field(description="By name, as in errors.csv")
    detection: list[DetectionRecord] = Field(
        default_factory=list, description="By snippets and points; none without labels"
    )
    examples: list[Example] = Field(
        default_factory=list, description="In the order of examples.safetensors"
    )


class LeakChecks(Record):
    """Hold whether the score looks at labels, and whether outputs say anything."""

    labels_moved_scores: bool | None = Field(
        None, description="When test labels were permuted; null where there are none"
    )
    output: Literal["varied", "constant", "zero"] = Field(
        description="Whether they differ from sample to sample, as inputs do"
    )


class ReconstructionRecord(Versioned):
    """Hold what the final model of a reconstruction makes of each split (reconstruction.json)."""

    schema_name: ClassVar[str] = "reconstruction"

    epoch: Count = Field(description="Completed ones when the final weights stood")
    history: Literal["swap", "restore_best", "off"]
    score: str = Field(description="By what samples are ranked: an error, or `anomaly_scores`")
    point_score: Literal["point", "window", "center"]
    splits: dict[str, SplitReconstruction] = Field(description="train, val and test")
    milestones: list[Count] = Field(description="Their epochs, which milestones/ holds")
    checks: LeakChecks

    def trivial_scores(self) -> dict[str, dict[str, float]]:
        """Return what scores that learn nothing reach, by their row and the name of a metric."""
        each = [(key, one) for key, split in self.splits.items() for one in split.detection]
        rows = dict.fromkeys(row for _, one in each for row in one.values if row != SCORE)
        return {
            row: {
                metric_name(key, name): value
                for key, one in each
                for name, value in one.measures(row).items()
            }
            for row in rows
        }
