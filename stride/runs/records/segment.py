"""One start or resume of a run, and how exactly it restored the training."""

from typing import ClassVar

from pydantic import Field

from stride.runs.records.record import TYPED, Count, Record, Seconds, Sha256, Versioned


class Fidelity(Record):
    """Hold how exactly a training was restored."""

    exact: list[str] = Field(description="Parts that equal, bit by bit, what was saved")
    inexact: dict[str, str] = Field(
        default_factory=dict, description="Other parts and surroundings, and what differs"
    )


class Pack(Record):
    """Hold with what else a training was made, one step for all: its bits are those of it alone."""

    uuid: str = Field(description="The same in all of its runs")
    width: Count = Field(description="How many runs it began with")
    place: Count = Field(description="Of this run among them, from 0")
    alone: dict[str, str] = Field(
        default_factory=dict,
        description="Parts of the step that were done run by run, and what differed otherwise",
    )


class SegmentRecord(Versioned):
    """Hold one start or resume (segments/<n>.json)."""

    schema_name: ClassVar[str] = "segment"

    n: Count = Field(description="0 for the start, then one more for each resume")
    token: str = Field(description="Random: tells the writer its own segment from any other")
    started: Seconds
    from_step: Count = 0
    from_epoch: Count = 0
    host: str
    boot_id: str = Field(description="Changes at each boot of the host")
    pid_namespace: str = Field(description="Tells containers on one host apart")
    pid: Count
    process_start: str = Field(description="Tells the process from a later one with its pid")
    job: str | None = Field(None, description="SLURM_JOB_ID or TORCHELASTIC_RUN_ID")
    checkpoint: str | None = Field(None, description="The checkpoint that was restored")
    overrides: list[str] = Field(default_factory=list, description=f"{TYPED}, on resuming")
    changed: list[str] = Field(
        default_factory=list, description="Of code and surroundings, what had changed at the start"
    )
    fidelity: Fidelity | None = None
    pack: Pack | None = Field(None, description="With what it was trained as one stack")
    config_sha256: Sha256 | None = Field(None, description="Of the config's values, sorted by key")
