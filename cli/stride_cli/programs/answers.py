"""Describe what each command prints with `--json`; `schemas` makes JSON Schemas of it.

No command imports this: it is held against what they really print by a test.
"""

from typing import Any, Literal

from pydantic import BaseModel, Field, RootModel

from stride.runs.records.curves import CurveGroup
from stride.runs.records.provenance import Parent
from stride.runs.records.record import Count, Number, Seconds
from stride.runs.records.reproduction import ReproductionRecord
from stride.runs.records.results import Timings
from stride.runs.records.segment import Fidelity
from stride.runs.status import State
from stride_cli.programs.answer import Answer
from stride_cli.programs.benchmark_answers import BenchmarkTablePlanOrState
from stride_cli.programs.deciding_answers import DecisionOrPlan, StatisticsOrScaling
from stride_cli.programs.exchange_answers import Export, Import
from stride_cli.programs.looking_answers import Plots
from stride_cli.programs.sweep_answers import SweepStatePlanOrReport

Status = State | Literal["broken"]


class Named(Answer):
    """Name a run."""

    run: str = Field(description="The name of its folder")
    path: str = Field(description="Of its folder, as it was addressed")


class Monitor(Answer):
    """Hold by which metric the best is chosen."""

    metric: str | None
    mode: Literal["min", "max"] | None


class Progress(Answer):
    """Hold where a training is, or was when its process was killed."""

    step: Count
    epoch: Count
    total_steps: Count | None
    total_epochs: Count | None
    steps_per_second: Number | None
    seconds_left: Number | None
    memory: Count | None
    device_memory: Count | None
    time: Seconds | None


class Row(Named):
    """Hold what every command that lists runs tells of one."""

    uuid: str | None
    status: Status
    reason: str = Field(description="Why it is in that status")
    created: Seconds
    started: Seconds | None
    ended: Seconds | None
    duration: Seconds | None
    monitor: Monitor
    best: dict[str, Number]
    last: dict[str, Number]
    test: dict[str, Number]
    progress: Progress | None
    overrides: list[str]
    sweep: str | None = Field(description="The sweep that it is a trial of; null: of none")
    trial: Count | None
    tags: list[str]
    note: str


class Listed(Row):
    """Hold a run of `ls`."""

    job: str | None = Field(None, description="What SLURM says, with --jobs")


class Chosen(Named):
    """Hold a run of `ls --columns`."""

    status: Status
    columns: dict[str, Any]


class ListedRuns(RootModel[list[Listed] | list[Chosen]]):
    """What `stride ls W --json` prints; with --columns only those."""


class ShownResults(Answer):
    """Hold of results.json what the row has not."""

    timings: Timings | None = None
    parameters: Count | None = None


class ShownGit(Answer):
    """Hold the commit of the code."""

    commit: str | None = None
    branch: str | None = None
    dirty: bool | None = None


class ShownProvenance(Answer):
    """Hold of provenance.json what tells runs apart."""

    command: list[str] = Field([])
    devices: list[str] = Field([])
    data_fingerprint: str = ""
    git: ShownGit | None = None
    parent: Parent | None = None
    stride: str = ""


class ShownEvaluations(Answer):
    """Hold what checkpoints were evaluated to beside the training."""

    checkpoints: Count = Field(description="How many")
    last: dict[str, Number] = Field(description="Step, epoch and metrics of the last of them")
    best: dict[str, Number] = Field(description="Likewise of the best; {}: none is")


class ShownRun(Row):
    """What `stride show RUN --json` prints; with --records the records are whole."""

    results: ShownResults | dict[str, Any]
    provenance: ShownProvenance | dict[str, Any]
    reproduction: ReproductionRecord | dict[str, Any] = Field(description="{}: it is none")
    fidelity: Fidelity | dict[str, Any] = Field(description="Of the newest resume; {}: none")
    artifacts: dict[str, Count] = Field(description="How many are there, by kind; {}: none")
    evaluations: ShownEvaluations | dict[str, Any] = Field(
        description="Of checkpoints, beside the training; {}: none"
    )
    left_out: dict[str, Count] = Field(
        description="Metrics of each table and keys of each record that --records adds"
    )


class Differences(Answer):
    """What `stride diff RUN OTHER --json` prints."""

    runs: tuple[str, str]
    config: dict[str, tuple[Any, Any]]
    metrics: dict[str, tuple[Any, Any]]
    changes: dict[str, Number | None] = Field(description="By how much the second is larger")
    left_out: dict[str, Count] = Field(description="Differences of each kind that --all adds")


class ComparedRun(Named):
    """Hold a run beside others."""

    status: Status
    reason: str
    metrics: dict[str, Number | None]
    config: dict[str, Any] = Field(description="The keys in which the runs differ")


class ComparedRuns(RootModel[list[ComparedRun]]):
    """What `stride compare RUN... --json` prints."""


class Settings(RootModel[dict[str, Any]]):
    """What `stride config --json` prints; config.schema.json describes a whole one."""


class Curve(Named):
    """What `stride metrics RUN --json` prints."""

    status: Status
    metrics: list[str]
    left_out: Count = Field(description="Other metrics that are recorded, to be had by -m")
    rows: Count = Field(description="That have these metrics, of which some are given")
    points: list[dict[str, Number]]


class Curves(Answer):
    """What `stride active W --json` prints."""

    metric: str
    mode: Literal["min", "max"]
    baseline: str | None = None
    target: Number | None = None
    groups: list[CurveGroup]


class Problem(Answer):
    """Hold what is wrong with a file."""

    file: str
    what: str


class Counts(Answer):
    """Hold how much was checked."""

    checkpoints: Count
    rows: Count
    fingerprints: Count
    files: Count


class VerifiedRun(Answer):
    """Hold what is found in a run."""

    path: str
    ok: bool
    problems: list[Problem]
    notes: list[str]
    counts: Counts


class VerifiedRuns(RootModel[list[VerifiedRun]]):
    """What `stride verify RUN... --json` prints."""


class EpisodesAnswer(Answer):
    """Hold what whole episodes gave."""

    returns: list[Number]
    lengths: list[Count]
    mean: Number
    std: Number
    iqm: Number
    iqm_interval: tuple[Number, Number] | None
    min: Number
    max: Number
    length: Number
    success: Number | None


class PlayedEnvironment(Answer):
    """Hold what the episodes of one environment gave."""

    name: str = Field(description="Among rl_config.eval_envs; empty: the training's own")
    env_name: str
    weights: EpisodesAnswer
    random: EpisodesAnswer = Field(description="Of a policy that takes any action")


class Video(Answer):
    """Hold where the film of an episode is, and what it gave."""

    name: str
    path: str
    total: Number = Field(alias="return")
    length: Count


class PlayedEpisodes(Answer):
    """What `stride evaluate RUN --episodes N --json` prints."""

    split: str
    deterministic: bool
    environments: list[PlayedEnvironment]
    videos: list[Video] = Field(description="With --render video")


class Measurements(RootModel[PlayedEpisodes | dict[str, Number]]):
    """What `stride evaluate RUN --json` prints, with and without --episodes or --render."""


class PredictedArray(Answer):
    """Hold what an array of predictions is."""

    shape: list[Count] = Field(description="The samples first")
    type: str


class Predicted(Answer):
    """What `stride predict RUN --out FILE --json` prints."""

    path: str
    split: str
    arrays: dict[str, PredictedArray] = Field(description="sample, outputs, targets, ...")


class ResumedHalf(Answer):
    """Hold how a training that was killed and resumed compares with one that was not."""

    verdict: Literal["ok", "inexact", "differs"]
    num_workers: Count | None = Field(description="Of the loaders after the kill; null: the same")
    differs: list[str]
    first_step: Count | None
    inexact: dict[str, str] = Field(description="What was not restored, and what is wrong with it")


class ResumeProof(Answer):
    """Hold what was proven of resuming."""

    verdict: Literal["ok", "inexact", "differs"]
    killed_after: Count
    steps: Count
    compared: list[str]
    not_tried: list[str]
    unlike_at: Count | None = Field(description="The step in which two trainings differ unkilled")
    halves: list[ResumedHalf]


class Checked(Answer):
    """What `stride check --json` prints, with `resume` under --resume."""

    loss: Number
    gradient_norm: Number
    shapes: Any = Field(description="Of the parts of a batch, as they lie in it")
    parameters: Count
    device: str
    peak_memory_mib: Number | None = Field(None, description="Of a GPU")
    resume: ResumeProof | None = None


class Asked(Answer):
    """Hold a sample that a label is asked for."""

    id: Count
    score: Number | None
    label: Any


class Query(Answer):
    """What `stride label RUN --list --json` prints."""

    round: Count
    asked: list[Asked]
    missing: list[Count]


class TaggedRun(Named):
    """Hold a run with what the user says of it."""

    tags: list[str]
    note: str


class TaggedRuns(RootModel[list[TaggedRun]]):
    """What `stride tag RUN... --json` prints."""


class RemovedRun(Named):
    """Hold a run that goes into the trash."""

    size: Count = Field(description="In bytes")
    trash: str | None = Field(description="Where it is now; null with --dry-run")


class RemovedRuns(RootModel[list[RemovedRun]]):
    """What `stride rm RUN... --json` prints."""


class TrashedRun(Answer):
    """Hold a run in the trash."""

    run: str
    uuid: str | None
    status: Status
    removed: Seconds
    size: Count
    trash: str


class RestoredRuns(RootModel[list[Named] | list[TrashedRun]]):
    """What `stride restore --json` prints: runs that are back, of a whole work_dir its trash."""


class PrunedRun(Named):
    """Hold a run whose checkpoints go."""

    deleted: list[str]
    kept: list[str]
    size: Count


class PrunedRuns(RootModel[list[PrunedRun]]):
    """What `stride prune RUN... --json` prints."""


class Reproduced(ReproductionRecord):
    """What `stride reproduce RUN --json` prints before the folder's path."""


class RatePoint(Answer):
    """Hold one step of a range test."""

    step: Count
    lr: Number
    loss: Number
    smoothed: Number


class FoundRate(Named):
    """What `stride lr-find W --json` prints."""

    suggestion: Number | None = Field(description="The learning rate, null where there is none")
    reason: str = Field(description="Why the test ended, and why nothing is suggested")
    command: str | None = Field(description="What to type to train with it")
    curve: list[RatePoint]


class Mistake(Answer):
    """Hold what went wrong."""

    code: str = Field(description="One word for each class of errors")
    message: str
    where: str
    hint: str = Field(description="What to type next")


class Error(Answer):
    """The last line of stderr where a command with --json fails."""

    error: Mistake


ANSWERS: dict[str, type[BaseModel]] = {
    "active": Curves,
    "benchmark": BenchmarkTablePlanOrState,
    "better": DecisionOrPlan,
    "check": Checked,
    "compare": ComparedRuns,
    "config": Settings,
    "diff": Differences,
    "error": Error,
    "evaluate": Measurements,
    "export": Export,
    "import": Import,
    "label": Query,
    "lr-find": FoundRate,
    "ls": ListedRuns,
    "metrics": Curve,
    "plot": Plots,
    "predict": Predicted,
    "prune": PrunedRuns,
    "reproduce": Reproduced,
    "restore": RestoredRuns,
    "rm": RemovedRuns,
    "show": ShownRun,
    "stats": StatisticsOrScaling,
    "sweep": SweepStatePlanOrReport,
    "tag": TaggedRuns,
    "verify": VerifiedRuns,
}
"""What each command prints, and `error` what any of them does where it fails."""
