"""Describe what commands print with `--json` that give runs to other tools, or take theirs."""

from typing import Literal

from pydantic import Field, RootModel

from stride.runs.records.record import Count
from stride_cli.programs.answer import Answer


class ExportedRun(Answer):
    """Hold a run that was exported."""

    run: str = Field(description="The name of its folder")
    path: str = Field(description="Of its folder, as it was addressed")
    uuid: str | None
    label: str = Field(description="What it is called in the export: unique in it")
    rows: Count = Field(description="Of metrics")
    artifacts: Count


class LeftOutOfExport(Answer):
    """Hold a run that was not exported."""

    run: str
    path: str
    reason: str


class Export(Answer):
    """What `stride export W --json` prints."""

    to: str = Field(description="The tool that is to read it")
    folder: str
    replaced: bool = Field(description="Whether an earlier export was there")
    runs: list[ExportedRun]
    left_out: list[LeftOutOfExport]


class ImportedRun(Answer):
    """Hold a run that was imported, or is there already."""

    run: str = Field(description="The name of its folder")
    path: str = Field(description="Of its folder")
    tool: Literal["tensorboard", "lightning", "wandb"]
    source: str = Field(description="The folder or file that it comes from")
    new: bool = Field(description="False: it was there already, and nothing was done")
    rows: Count | None = Field(None, description="Of metrics, of a new one")
    metrics: list[str] = Field([], description="Likewise, as they are recorded")
    axes: dict[str, str] = Field({}, description="Of a metric that has an axis of its own: which")
    left_out: list[str] = Field([], description="What of the source is not there, in words")


class Import(RootModel[list[ImportedRun]]):
    """What `stride import SOURCE -w W --json` prints."""
