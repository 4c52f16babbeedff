"""Where a run is: its state, and the progress of a training under way."""

import time
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

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
    sweep: str | None = Field(None, description="The sweep that it is a trial of, if any")
    trial: Count | None = Field(None, description="The number of the trial")
    metrics: Summary | None = Field(None, description="Out of results.json, for listings")
    monitor: Monitored | None = Field(None, description="Likewise")

    def kept(self, typed: Sequence[str], *, ended: float | None) -> dict[str, Any]:
        """Return what holds of the run when a further segment of it begins now.

        Args:
            typed: the overrides of that segment.
            ended: when the run was last worked on, in Unix seconds; None where it is not known.
        """
        kept = self.model_dump(include={"uuid", "created", "started", "sweep", "trial"})
        paused = self._paused_since(ended)
        return {**kept, "overrides": _newest(self.overrides, typed), "paused": paused}

    def _paused_since(self, ended: float | None) -> float | None:
        """Return the seconds between the segments of a run, now that another one begins."""
        if self.started is None or ended is None:
            return self.paused
        return (self.paused or 0.0) + max(0.0, time.time() - ended)


def _newest(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Return all overrides of a run: those of now in the place of earlier ones of their keys."""
    keys = {text.partition("=")[0] for text in now}
    return [*(text for text in before if text.partition("=")[0] not in keys), *now]


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
