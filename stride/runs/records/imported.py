"""What a run holds that another tool recorded and `stride import` brought here."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from stride.runs.records.record import Count, Record, Seconds, Sha256, Versioned


class ImportedRecord(Record):
    """Hold where an imported run comes from, and how it is told there."""

    tool: Literal["tensorboard", "lightning", "wandb"]
    version: str | None = Field(None, description="Of the tool, where the source tells it")
    source: str = Field(description="The folder or file, when it was imported")
    name: str = Field(description="What the run is called there")
    sha256: Sha256 = Field(description="Of the names and contents of the source's files")
    files: Count = Field(description="How many those are")
    time: Seconds = Field(description="When it was imported, in Unix seconds")
    names: dict[str, str] = Field(
        default_factory=dict, description="What a metric is called there, where that differs"
    )
    axes: dict[str, str] = Field(
        default_factory=dict,
        description="Of a metric that has an axis of its own in place of the step: which metric",
    )
    left_out: list[str] = Field(
        default_factory=list, description="What of the source is not here, in words"
    )


class ImportedConfig(Versioned):
    """Hold what was set for an imported run, in the place of a config of STRIDE (config.json)."""

    schema_name: ClassVar[str] = "imported_config"

    work_dir: str = Field(description="The folder of the experiment, which holds its runs")
    seed: int | None = Field(None, description="The hyperparameter of that name")
    source_name: str | None = Field(
        None, description="What the run is called there, where no seed tells it from others"
    )
    hyperparameters: dict[str, Any] = Field(description="The others, as the source has them")
