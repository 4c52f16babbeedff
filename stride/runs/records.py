"""Describe the JSON files of a run folder; `json_schemas` makes schemas of it.

The only file of this package that imports pydantic: what writes is checked against it, while
listing runs reads plain JSON. A key that is not declared here is refused, so that a file with
new keys has to carry a new format_version. Keys that are newer than version 1 have defaults, so
that files of every version are read by the same record.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    ValidationError,
    WithJsonSchema,
)

from stride.config.nonfinite import decode_number, encode_number
from stride.errors import BrokenRecord, RunError
from stride.runs.files.atomic import read_record
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import RECORD_LIMIT, read_own
from stride.runs.layout import FORMAT_VERSION, is_file_name
from stride.runs.status import State
from stride.runs.tags.names import LENGTH, TAG

_TEXTS = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
Number = Annotated[
    Annotated[int, Strict()] | Annotated[float, Strict()],  # strict: a truth value is not a number
    BeforeValidator(decode_number),
    PlainSerializer(encode_number, return_type=int | float | str),
    WithJsonSchema(_TEXTS),
]
"""A number; NaN and the infinities are texts in the file."""

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_TYPED = "key=value, as typed; `***` for secrets"
SLURM_ID = "^[0-9]+([_+][0-9]+)?$"  # anything else could be an option of SLURM's commands
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, strict=True)]


def _file_name(name: str) -> str:
    if not is_file_name(name):
        raise ValueError(f"{name!r} is not the name of a file or folder")
    return name


FileName = Annotated[str, AfterValidator(_file_name)]
"""The name of a file or folder; it never leads out of the folder that it is in."""


class Record(BaseModel):
    """Hold what one JSON file of a run folder says."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    schema_name: ClassVar[str] = ""
    """The name of the file's schema; empty for a part of a file."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, without the keys that hold nothing."""
        return self.model_dump(mode="json", exclude_none=True)


class Versioned(Record):
    """Hold a file that carries its format_version."""

    limit: ClassVar[int] = RECORD_LIMIT
    """Bytes of the largest file that is read."""

    format_version: Annotated[int, Field(ge=1, le=FORMAT_VERSION, strict=True)] = FORMAT_VERSION

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check a file.

        Raises:
            RunError: the file is missing, broken, or of a newer STRIDE; says which key is wrong.
        """
        values = read_record(path, limit=cls.limit)
        try:
            return cls.model_validate(values)
        except ValidationError as cause:
            first = cause.errors(include_url=False)[0]
            key = ".".join(map(str, first["loc"]))
            what = f"{path.name} is broken: {key}: {first['msg']}"
            raise BrokenRecord(what, where=str(path)) from cause


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
        default_factory=list, description=f"{_TYPED}; the newest of each key, on resuming too"
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


class Fidelity(Record):
    """Hold how exactly a training was restored."""

    exact: list[str] = Field(description="Parts that equal, bit by bit, what was saved")
    inexact: dict[str, str] = Field(
        default_factory=dict, description="Other parts and surroundings, and what differs"
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
    overrides: list[str] = Field(default_factory=list, description=f"{_TYPED}, on resuming")
    changed: list[str] = Field(
        default_factory=list, description="Of code and surroundings, what had changed at the start"
    )
    fidelity: Fidelity | None = None
    config_sha256: Sha256 | None = Field(None, description="Of the config's values, sorted by key")


class JobRecord(Versioned):
    """Hold the job that was submitted for a run (job.json)."""

    schema_name: ClassVar[str] = "job"

    id: Annotated[
        str, Field(pattern=SLURM_ID, description="As SLURM calls it: 12, or 12_3 in an array")
    ]
    cluster: str | None = Field(None, description="Where sbatch named one")
    submitted: Seconds


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


class ProvenanceRecord(Versioned):
    """Hold where the run came from (provenance.json); further facts may stand beside these."""

    model_config = ConfigDict(extra="allow")
    schema_name: ClassVar[str] = "provenance"

    command: list[str] = Field(default_factory=list)
    overrides: list[str] = Field(default_factory=list, description=_TYPED)
    origins: dict[str, str] = Field(default_factory=dict, description="Where each value is from")
    seeds: dict[str, int] = Field(default_factory=dict)
    devices: list[str] = Field(default_factory=list)
    data_fingerprint: str = ""
    permutation: str | None = Field(None, description="Method by which samples are ordered")
    versions: dict[str, str] = Field(default_factory=dict, description="Installed distributions")
    git: dict[str, Any] = Field(default_factory=dict)
    parent: Parent | None = None
    initial_weights_sha256: Sha256 | None = Field(
        None, description="Of initial_weights.safetensors, where there is one"
    )
    start_weights: list[StartWeightsRecord] | None = Field(
        None, description="What of others' weights is in it"
    )


class MetricsRow(Record):
    """Hold one line of metrics.jsonl; every other key is a metric."""

    model_config = ConfigDict(extra="allow")
    schema_name: ClassVar[str] = "metrics_row"
    __pydantic_extra__: dict[str, Number]

    step: Count = Field(description="Optimiser updates done")
    epoch: Count = Field(description="Completed epochs")
    time: Seconds = Field(description="Unix seconds")


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


class FileDigest(Record):
    """Hold by what one file of a checkpoint is known again."""

    sha256: Sha256
    size: Count


class CheckpointRecord(Versioned):
    """Hold where a checkpoint stands and what its files are (checkpoint.json)."""

    schema_name: ClassVar[str] = "checkpoint"

    step: Count
    epoch: Count
    position: Count = Field(description="Global samples consumed of the current epoch")
    time: Seconds
    files: dict[FileName, FileDigest]
    versions: dict[str, str]
    value: Number | None = Field(None, description="Of the monitored metric, at an epoch's end")
    streams: dict[FileName, Count] = Field(
        default_factory=dict, description="Bytes that each stream of rows had then, by file name"
    )
    world_size: Annotated[int, Field(ge=1, strict=True)] = 1
    devices: list[str] = Field(default_factory=list, description="Names, one for each process")
    threads: Count | None = Field(None, description="Of torch, in each process")
    uuid: Annotated[str, Field(pattern="^[0-9a-f]{32}$")] | None = Field(
        None, description="Of the run that wrote it"
    )
    segment: Count | None = Field(None, description="The segment that wrote it")
    config_sha256: Sha256 | None = Field(None, description="As of that segment")
    sha256: Sha256 | None = Field(
        None, description="Of this file, with 64 zeros in the place of this digest"
    )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check a record, which knows its own digest from format version 3 on.

        Raises:
            RunError: as of any record; or it is not what was written.
        """
        record = super().read(path)
        if record.sha256 is None and record.format_version < 3:
            return record
        with os_errors_as("cannot read", path, RunError):
            content = read_own(path)
        if seal(content) != content:
            raise BrokenRecord(f"{path.name} is damaged", where=str(path))
        return record

    def require_of(self, uuid: str | None, configs: Collection[str]) -> None:
        """Refuse a checkpoint of another run, or of another config than the run ever had.

        Args:
            uuid: the run's; None where it is not known.
            configs: digests of its configs; none where they are not known.

        Raises:
            RunError: it is.
        """
        if None not in (self.uuid, uuid) and self.uuid != uuid:
            raise RunError(f"it is of another run, {self.uuid}")
        if self.config_sha256 is not None and configs and self.config_sha256 not in configs:
            raise RunError("it was written under a config that this run never had")

    def require_state(self, path: Path, parts: Mapping[str, Any]) -> None:
        """Refuse the parts of a state that stands elsewhere.

        No digest covers a record of format version 2 or older.

        Raises:
            RunError: naming the state's file.
        """
        place = {"step": self.step, "epoch": self.epoch, "position": self.position}
        if parts.get("counters") != place:
            what = f"its counters are {parts.get('counters')}, and the record says {place}"
            raise RunError(what, where=str(path))


_OPEN = "0" * 64
_SEAL = re.compile(rb'"sha256": "([0-9a-f]{64})"\n\}\n$')


def seal(content: bytes) -> bytes:
    """Return the bytes of a checkpoint's record with the digest of all its other bytes.

    Bytes without a place for it come back as nothing.
    """
    found = _SEAL.search(content)
    if found is None:
        return b""
    before, after = content[: found.start(1)], content[found.end(1) :]
    digest = hashlib.sha256(before + _OPEN.encode() + after).hexdigest()
    return before + digest.encode() + after


class CheckpointState(Versioned):
    """Hold all state of a checkpoint except tensors (state.json)."""

    schema_name: ClassVar[str] = "checkpoint_state"
    limit: ClassVar[int] = 2**30  # it may hold long lists, as of a pool's samples

    parts: dict[str, Any] = Field(description="By name; a tensor is the name of one in a file")


class CheckpointEntry(Record):
    """Hold one line of the list of checkpoints."""

    name: FileName
    step: Count
    epoch: Count
    position: Count = 0
    time: Seconds
    value: Number | None = Field(None, description="Of the monitored metric")


class CheckpointIndex(Versioned):
    """Hold the list of checkpoints, in the order of training (checkpoints/index.json)."""

    schema_name: ClassVar[str] = "checkpoint_index"

    entries: list[CheckpointEntry] = Field(default_factory=list)
    best: FileName | None = None
    last: FileName | None = None
    segment: Count | None = Field(None, description="The segment that wrote this")


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


class CurveRecord(Versioned):
    """Hold the learning curve of a run of active learning (curve.json)."""

    schema_name: ClassVar[str] = "curve"

    metric: str
    mode: Literal["min", "max"] = Field(description="Which way is better")
    labelled: list[Count]
    values: list[Number]
    area: Number = Field(description="Under the curve, over the span of the labels")
    target: Number | None = None
    labels_needed: Count | None = Field(None, description="Of the first round at the target")


class CurveGroup(Record):
    """Hold the learning curves of runs that differ by their seed alone."""

    name: str = Field(description="The strategy, and in what else the runs differ from others")
    strategy: str
    runs: list[str] = Field(description="Names of the runs, one for each seed")
    seeds: list[Count]
    labelled: list[Count] = Field(description="The numbers of labels that all of the runs have")
    mean: list[Number] = Field(description="Of the metric at each")
    deviation: list[Number] = Field(description="Between the seeds, at each; 0 for one seed")
    areas: list[Number] = Field(description="Under the curve of each run, over these labels")
    area: Number = Field(description="Their mean")
    area_deviation: Number
    difference: Number | None = Field(None, description="Mean over the seeds, to the baseline")
    difference_error: Number | None = Field(None, description="Its standard error")
    verdict: Literal["better", "worse", "unclear"] | None = Field(
        None, description="Than the baseline; unclear where chance may do it in 5 of 100 cases"
    )
    labels_needed: list[Count | None] | None = Field(
        None, description="Of each run, for the target; null where it was not reached"
    )


class CurvesRecord(Versioned):
    """Hold what the learning curves of a work_dir say, side by side (curves.json)."""

    schema_name: ClassVar[str] = "curves"

    metric: str
    mode: Literal["min", "max"] = Field(description="Which way is better")
    baseline: str | None = Field(None, description="The strategy that others are compared with")
    target: Number | None = None
    groups: list[CurveGroup] = Field(description="The one with the best area first")


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


class TagsRecord(Versioned):
    """Hold what a user says of a run (tags.json): no digest and no signature covers it."""

    schema_name: ClassVar[str] = "tags"

    tags: list[Annotated[str, Field(pattern=f"^{TAG}$", max_length=LENGTH)]] = Field(
        default_factory=list, description="Sorted"
    )
    note: str | None = None


class SignatureRecord(Versioned):
    """Hold what a user has signed of a run, or of a work_dir's config (signature.json)."""

    schema_name: ClassVar[str] = "signature"

    uuid: str | None = Field(None, description="The run's; a work_dir has none")
    configs: list[Sha256] = Field(
        default_factory=list, description="Of the configs that the run was begun with"
    )
    code: dict[str, Sha256] = Field(
        default_factory=dict,
        description="Of the recorded code, by file; of provenance.json where that is from",
    )
    imports: dict[str, str] = Field(
        default_factory=dict, description="Of a work_dir's config: key -> import path"
    )
    hmac: Sha256 = Field(description="HMAC-SHA256 of all this under the user's key")


RECORDS: tuple[type[Record], ...] = (
    StatusRecord,
    ProgressRecord,
    SegmentRecord,
    JobRecord,
    ProvenanceRecord,
    MetricsRow,
    ResultsRecord,
    CheckpointRecord,
    CheckpointState,
    CheckpointIndex,
    NormalizationRecord,
    FingerprintRow,
    RoundRow,
    ArtifactRow,
    CurveRecord,
    CurvesRecord,
    ReproductionRecord,
    SignatureRecord,
    TagsRecord,
)
"""Every record that is a file, or a line of one."""
