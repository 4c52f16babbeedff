"""Describe sweep.json: what a sweep asks, and in which study of Optuna its trials are."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from stride.runs.records.record import Count, Seconds, Versioned


class SweepRecord(Versioned):
    """Hold what a sweep asks, and where its trials are."""

    schema_name: ClassVar[str] = "sweep"

    name: str
    uuid: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    created: Seconds = Field(description="Unix seconds")
    spec: dict[str, Any] = Field(description="What is asked, as a sweep file has it")
    study: str = Field(description="The newest in Optuna's storage; a change makes a new one")
    revision: Count = Field(0, description="How often what is asked has changed")
    config_sha256: str = Field("", description="Of config.json, which says what trials start from")
    data_fingerprint: str = Field("", description="Of the data of config.json")
    data_fingerprints: dict[str, str] = Field(
        {}, description="Of the data of listed trials that set keys of it, by these keys as JSON"
    )
    objects: list[str] = Field([], description="What only the process has that asked for it")
    storage: str | None = Field(None, description="URL of a database in place of the journal")
    metric: str = Field(description="What is optimised: the best value that a run had of it")
    mode: Literal["min", "max"]
