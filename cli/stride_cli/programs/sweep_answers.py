"""Describe what `stride sweep` prints with `--json`."""

from typing import Any, Literal

from pydantic import Field, RootModel

from stride.runs.records.record import Count, Number
from stride_cli.programs.answer import Answer


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


class SweepState(Answer):
    """What `stride sweep W --json` prints."""

    sweep: str
    path: str
    study: str = Field(description="Of Optuna, in which the trials are")
    metric: str
    mode: Literal["min", "max"]
    counts: TrialCounts
    best: BestTrial | None


class PlannedTrial(Answer):
    """Hold what is to become of a trial."""

    becomes: Literal["new", "resumed", "extended", "kept", "failed", "left"]
    overrides: dict[str, Any]
    trial: Count | None = Field(description="Its number by now; null: it has none yet")
    value: Number | None
    runs: list[str] = Field(description="Their names")


class SweepPlan(Answer):
    """What `stride sweep W --plan --json` prints."""

    sweep: str
    path: str
    trials: list[PlannedTrial]
    to_choose: Count | None = Field(description="By a search; null: without an end")
    inexact: list[str] = Field(description="What may choose otherwise after a kill")


class SweepStateOrPlan(RootModel[SweepState | SweepPlan]):
    """What `stride sweep W --json` prints, without and with --plan."""
