"""The statistics by which inputs and targets are normalised."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from stride.runs.records.record import Record, Versioned

Statistics = list[Annotated[float, Field(allow_inf_nan=False)]]


class TargetStatistics(Record):
    """Hold the statistics that targets are normalised by: (y - shift) / scale."""

    kind: Literal["standard", "minmax"]
    shift: Statistics
    scale: Statistics


class NormalizationRecord(Versioned):
    """Hold the statistics of the training split (normalization.json): (x - shift) / scale."""

    schema_name: ClassVar[str] = "normalization"

    kind: Literal["standard", "minmax", "none"]
    shift: Statistics
    scale: Statistics
    targets: TargetStatistics | None = Field(None, description="Those of the targets")
