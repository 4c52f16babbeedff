"""Where a run is: its state, and the progress of a training under way."""

from typing import Annotated, ClassVar

from pydantic import Field

from stride.runs.records.record import TYPED, Count, Number, Seconds, Versioned
from stride.runs.records.results import Monitored, Summary
from stride.runs.status import State


class StatusRecord(Versioned):
    """Hold what the writer last said of the run (status.json)."""

    schema_name: ClassVar[str] = "status"

    state: State
    reason: str = ""
    uuid: Annotated[str, Field(pattern="^[0-9a-f]{32}$", description="The run's own, for lineage")]
    created: Seconds = Field(description="When the folder was claimed, in Unix seconds")
    started: Seconds | None = Field(None, description="When it first was running")
    ended: Seconds | None = Field(None, description="When it came to its present end")
    paused: Seconds | None = Field(None, description="Seconds between its segments, together")
    segment: Count = Field(description="The segment that wrote this")
    host: str
    pid: Count
    overrides: list[str] = Field(
        default_factory=list, description=f"{TYPED}; the newest of each key, on resuming too"
    )
    metrics: Summary | None = Field(None, description="Out of results.json, for listings")
    monitor: Monitored | None = Field(None, description="Likewise")


class ProgressRecord(Versioned):
    """Hold where a training under way is (progress.json), as of a heartbeat."""

    schema_name: ClassVar[str] = "progress"

    segment: Count = Field(description="The segment that wrote this")
    time: Seconds
    step: Count
    epoch: Count
    total_steps: Count | None = Field(None, description="Of the whole training, if known")
    total_epochs: Count | None = Field(None, description="Likewise")
    steps_per_second: Number | None = Field(None, description="Between the newest two reports")
    memory: Count | None = Field(None, description="Bytes that rank 0's process held at most")
    device_memory: Count | None = Field(None, description="Bytes of its device, likewise")
    metrics: Summary
    monitor: Monitored | None = None
