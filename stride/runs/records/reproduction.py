"""How a reproduction compares with its original."""

from typing import ClassVar, Literal

from pydantic import Field

from stride.runs.records.record import Count, Number, Record, Versioned


class Difference(Record):
    """Hold where two runs are most unlike in a metric."""

    metric: str
    step: Count
    epoch: Count
    values: tuple[Number, Number]


class ReproductionRecord(Versioned):
    """Hold how a reproduction compares with its original (reproduction.json)."""

    schema_name: ClassVar[str] = "reproduction"

    original: str = Field(description="The folder of the original, when it was compared")
    uuid: str = Field(description="Of the original")
    identical: bool = Field(
        description="Whether the copy has all steps that were asked for, and nothing differs"
    )
    steps: Count = Field(description="Steps compared")
    first_divergent_step: Count | None = None
    largest_difference: Difference | None = None
    weights: Literal["identical", "different", "not compared"] = "not compared"
    causes: list[str] = Field(default_factory=list, description="Likely ones, the likeliest first")
