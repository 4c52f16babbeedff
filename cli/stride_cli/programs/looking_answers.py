"""Describe what commands print with `--json` that draw runs."""

from pydantic import Field

from stride.runs.records.record import Count, Number
from stride_cli.programs.answer import Answer


class PlottedLine(Answer):
    """Hold a line of a plot."""

    label: str = Field(description="What tells it from the other lines")
    runs: list[str] = Field(description="The folders of its runs; of several it is the mean")
    x: list[Number] = Field(description="Steps, epochs or seconds; of a cell its first point")
    y: list[Number] = Field(description="NaN where a value is not finite; of a cell the mean")
    low: list[Number] = Field(description="Smallest value of each cell, or lower end of the band")
    high: list[Number] = Field(description="Largest value of each cell, or upper end of the band")
    cell: Number = Field(description="Width of the cells; 0 where each value is one point")
    is_band: bool = Field(description="Whether low and high are a 95 % interval of the mean")
    best: Count | None = Field(description="Which value counted as the best, from 0")


class DrawnPlot(Answer):
    """Hold a plot."""

    title: str
    name: str = Field(description="The metric")
    along: str = Field(description="step, epoch, time, or a metric recorded beside")
    lines: list[PlottedLine]
    log: bool
    notes: list[str]


class Plots(Answer):
    """What `stride plot W --json` prints."""

    plots: list[DrawnPlot] = Field(description="One for each metric")
    files: list[str] = Field(description="What -o has written")
