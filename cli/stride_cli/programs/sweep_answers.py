"""Describe what `stride sweep` prints with `--json`."""

from typing import Any, Literal

from pydantic import Field, RootModel

from stride.runs.records.record import Count, Number
from stride_cli.programs.answer import Answer
from stride_cli.programs.deciding_answers import Configuration, Interval


class TrialCounts(Answer):
    """Hold how many trials of a sweep are in each state."""

    running: Count
    done: Count
    pruned: Count
    failed: Count
    waiting: Count | None = Field(description="null: of a search without an end")


class BestTrial(Answer):
    """Hold the best trial of a sweep."""

    trial: Count
    value: Number
    overrides: dict[str, Any] = Field(description="By dotted key")
    runs: list[str] = Field(description="Their folders, one for each seed; the best first")
    command: str = Field(description="What to type to train the same")


class SweepStanding(Answer):
    """Hold which sweep it is, and where it stands."""

    sweep: str
    path: str
    study: str = Field(description="Of Optuna, in which the trials are")
    metric: str
    mode: Literal["min", "max"]
    counts: TrialCounts


class SweepState(SweepStanding):
    """What `stride sweep W --json` prints."""

    best: BestTrial | None


class PlannedTrial(Answer):
    """Hold what is to become of a trial."""

    becomes: Literal["new", "resumed", "extended", "kept", "failed", "left"]
    overrides: dict[str, Any]
    trial: Count | None = Field(description="Its number by now; null: it has none yet")
    value: Number | None
    runs: list[str] = Field(description="Their names")


class PlannedPack(Answer):
    """Hold what becomes of runs that are alike."""

    runs: Count
    width: Count = Field(description="How many are trained as one stack; 1: each alone")
    speedup: float = Field(description="How many times as long a step takes one by one; 0: unknown")
    why_alone: str = Field(description="The reason, empty where they are packed")


class SweepPlan(Answer):
    """What `stride sweep W --plan --json` prints."""

    sweep: str
    path: str
    trials: list[PlannedTrial]
    to_choose: Count | None = Field(description="By a search; null: without an end")
    inexact: list[str] = Field(description="What may choose otherwise after a kill")
    packs: list[PlannedPack]


class BestConfiguration(BestTrial):
    """Hold the best configuration of a sweep, the first of the trials that tried it."""

    interval: Interval | None = Field(description="Of the mean over seeds; null: of one seed")
    n: Count = Field(description="Seeds")


class ReportedTrial(Answer):
    """Hold what became of a trial."""

    trial: Count
    state: Literal["running", "done", "pruned", "failed"]
    value: Number | None = Field(description="Of a trial that is done")
    overrides: dict[str, Any]
    runs: list[str] = Field(description="Their folders")
    why: str | None = Field(description="Of a failed one: what ended it, in one line")


class KeyImportances(Answer):
    """Hold which keys made the difference."""

    shares: dict[str, Number] = Field(description="By dotted key; together 1")
    trials: Count = Field(description="Complete ones with finite values")
    why: str = Field(description="There are none, or they are rough")


class KeyAtEdge(Answer):
    """Hold a key whose best value is at an end of what was tried."""

    key: str
    value: Any
    end: Literal["low", "high"]
    tried: str
    wider: str = Field(description="What to type to try values beyond")


class SweepReport(SweepStanding):
    """What `stride sweep W --report --json` prints."""

    best: BestConfiguration | None
    configurations: list[Configuration] = Field(description="Of the trials that are done")
    trials: list[ReportedTrial]
    importances: KeyImportances
    at_edge: list[KeyAtEdge]
    files: list[str] = Field(description="The plots and the page that were written")


class SweepStatePlanOrReport(RootModel[SweepState | SweepPlan | SweepReport]):
    """What `stride sweep W --json` prints, without and with --plan or --report."""
