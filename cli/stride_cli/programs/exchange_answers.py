"""Describe what commands print with `--json` that give runs to other tools, or take theirs."""

from pydantic import Field

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
