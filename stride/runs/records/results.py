"""The metrics that a run ended with, and their summary for listings."""

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from stride.runs.records.record import Count, Number, Record, Seconds, Sha256, Versioned


class Measured(Record):
    """Hold metrics under their canonical names, and where they were taken."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Number]

    step: Count | None = None
    epoch: Count | None = None


class Monitored(Record):
    """Hold by which metric and value the best weights were chosen."""

    metric: str
    mode: Literal["min", "max"]
    value: Number | None = None


class Summary(Record):
    """Hold what a listing shows of the results, so that it needs to read no second file."""

    best: Measured = Field(default_factory=Measured)
    last: Measured = Field(default_factory=Measured)
    test: Measured | None = Field(None, description="Absent where an older STRIDE wrote this")
    left_out: Count | None = Field(None, description="Metrics that results.json alone has")


class Timings(Record):
    """Hold how long the run took, over all its segments."""

    wall_seconds: Seconds = 0.0
    train_seconds: Seconds = 0.0
    samples_per_second: Number | None = None
    memory: Count | None = Field(None, description="Bytes that rank 0's process held at most")
    device_memory: Count | None = Field(None, description="Bytes of its device, likewise")


class ResultsRecord(Versioned):
    """Hold the final results (results.json): what listings and comparisons read."""

    schema_name: ClassVar[str] = "results"

    best: Measured = Field(default_factory=Measured)
    last: Measured = Field(default_factory=Measured)
    test: Measured = Field(default_factory=Measured)
    timings: Timings = Field(default_factory=Timings)
    monitor: Monitored | None = None
    parameters: Count | None = Field(None, description="How many numbers the model learns")
    weights_sha256: Sha256 | None = Field(None, description="Of weights.safetensors")
