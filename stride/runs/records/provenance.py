"""Where a run came from: its start, its parent and the weights it started from."""

from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from stride.runs.records.imported import ImportedRecord
from stride.runs.records.record import TYPED, Count, Record, Sha256, Versioned


class Parent(Record):
    """Hold from which run another one came."""

    uuid: str
    run: str = Field(description="Its folder, when this run was made")
    relation: Literal["fork", "reproduction", "weights"]
    checkpoint: str | None = Field(None, description="The one that it began from, if any")
    step: Count | None = Field(None, description="Where that checkpoint stands")


class StartWeightsRecord(Record):
    """Hold which weights a network started from, and what of them it took."""

    file: str = Field(description="The weights or the checkpoint, when this run was made")
    sha256: Sha256 = Field(description="Of the weights, or of the checkpoint's record")
    uuid: str | None = Field(None, description="Of the run that they are of, if any")
    loaded: Count = Field(description="Tensors of the network that are from there")
    missing: list[str] = Field(default_factory=list, description="Of the network's, not there")
    unused: list[str] = Field(default_factory=list, description="Those there, not the network's")
    misshapen: list[str] = Field(default_factory=list, description="With both shapes")


class TrialRecord(Record):
    """Hold of which sweep a run is a trial."""

    name: str = Field(description="Of the sweep")
    uuid: str = Field(description="Likewise")
    study: str = Field(description="Of Optuna, in which the trial is")
    trial: Count = Field(description="Its number")
    titles: dict[str, str] = Field({}, description="What tables call its model and data set")


class ProvenanceRecord(Versioned):
    """Hold where the run came from (provenance.json); further facts may stand beside these."""

    model_config = ConfigDict(extra="allow")
    schema_name: ClassVar[str] = "provenance"

    command: list[str] = Field(default_factory=list)
    overrides: list[str] = Field(default_factory=list, description=TYPED)
    origins: dict[str, str] = Field(default_factory=dict, description="Where each value is from")
    seeds: dict[str, int] = Field(default_factory=dict)
    devices: list[str] = Field(default_factory=list)
    data_fingerprint: str = ""
    samples: dict[str, Count] | None = Field(None, description="Of each split, as far as known")
    permutation: str | None = Field(None, description="Method by which samples are ordered")
    evaluation_draws: str | None = Field(
        None, description="From what evaluations draw: `own` streams, or those of the steps"
    )
    versions: dict[str, str] = Field(default_factory=dict, description="Installed distributions")
    git: dict[str, Any] = Field(default_factory=dict)
    parent: Parent | None = None
    sweep: TrialRecord | None = None
    imported: ImportedRecord | None = None
    initial_weights_sha256: Sha256 | None = Field(
        None, description="Of initial_weights.safetensors, where there is one"
    )
    start_weights: list[StartWeightsRecord] | None = Field(
        None, description="What of others' weights is in it"
    )
