"""The rows of the streams: metrics, fingerprints, rounds, artifacts and evaluations."""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from stride.runs.records.record import TYPED, Count, FileName, Number, Record, Seconds, Sha256


class MetricsRow(Record):
    """Hold one line of metrics.jsonl; every other key is a metric."""

    model_config = ConfigDict(extra="allow")
    schema_name: ClassVar[str] = "metrics_row"
    __pydantic_extra__: dict[str, Number]

    step: Count = Field(description="Optimiser updates done")
    epoch: Count = Field(description="Completed epochs")
    time: Seconds = Field(description="Unix seconds")


Bits = Annotated[str, Field(pattern="^[a-z0-9]+:[0-9a-f]*$")]
"""Bits of numbers of one type, as "float32:" and 8 hexadecimal digits for each number."""


class FingerprintRow(Record):
    """Hold one line of fingerprints.jsonl: the bits of consecutive steps."""

    schema_name: ClassVar[str] = "fingerprint_row"

    step: Count = Field(description="Of the first number; one more for each further one")
    loss: Bits
    norm: Bits | None = Field(None, description="Of all gradients, where it is computed")
    weights: dict[str, str] = Field(
        default_factory=dict, description="By step: a digest of all weights, where asked for"
    )


class RoundRow(Record):
    """Hold one line of rounds.jsonl: what a round of active learning trained on and asked for."""

    schema_name: ClassVar[str] = "round_row"

    round: Count = Field(description="0 is the round before the first query")
    labelled: Count = Field(description="Samples that it trained on")
    step: Count = Field(description="Optimiser updates done at its end")
    epoch: Count = Field(description="Completed epochs then")
    time: Seconds = Field(description="Unix seconds")
    metrics: dict[str, Number] = Field(description="Of its best weights, and on the test split")
    queried: list[Count] = Field(description="Ids of the samples asked for, the first one first")
    scores: list[Number] = Field(description="What each was chosen for")
    models: list[Number] | None = Field(None, description="What each candidate scored, if one did")
    chosen: Count | None = Field(None, description="Which candidate was trained, if one was")
    seconds: dict[str, Seconds] = Field(description="Of training and of the query")


class ArtifactRow(Record):
    """Hold one line of artifacts.jsonl: an image, text, figure or histogram that was logged."""

    schema_name: ClassVar[str] = "artifact_row"

    step: Count = Field(description="Optimiser updates done")
    epoch: Count = Field(description="Completed epochs")
    time: Seconds = Field(description="Unix seconds")
    name: Annotated[str, Field(min_length=1)] = Field(description="Under which it was logged")
    kind: Literal["image", "text", "figure", "histogram"]
    file: FileName = Field(description="In the folder artifacts")
    sha256: Sha256 = Field(description="Of the file")
    size: Count = Field(description="Its bytes")


class EvaluationRow(Record):
    """Hold one line of evaluations.jsonl: what a checkpoint was evaluated to beside the training.

    A checkpoint that is written again with other weights, or is asked for something else, has a
    further row.
    """

    schema_name: ClassVar[str] = "evaluation_row"

    step: Count = Field(description="Optimiser updates done in the checkpoint")
    epoch: Count = Field(description="Completed epochs then")
    time: Seconds = Field(description="Unix seconds, when it was evaluated")
    seconds: Seconds = Field(description="How long that took, from reading it on")
    checkpoint: FileName = Field(description="Its folder's name")
    model_sha256: Sha256 = Field(
        description="Of its `model.safetensors`; of several files of that part, of their digests"
    )
    splits: list[str] = Field(description="What it was evaluated on")
    metrics: list[str] | None = Field(None, description="By name, where others were asked for")
    overrides: list[str] = Field(
        default_factory=list, description=f"{TYPED}; device and place of the data aside"
    )
    values: dict[str, Number] = Field(description="By the names of metrics.jsonl")
    best_sha256: Sha256 | None = Field(
        None, description="Of `evaluations/best.safetensors`, where it was the best of all so far"
    )
