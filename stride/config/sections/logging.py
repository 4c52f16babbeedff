"""The section of loggers, the display and messages."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from stride.config.sections.section import Positive, Section, Text


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


Level = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)]


class LoggingConfig(Section):
    """Where metrics and messages go."""

    loggers: list[Text] = Field([], description="csv, tensorboard, wandb or import paths")
    terminal_display: Literal["auto", "rich", "minimal", "off"] = Field(
        "auto", description="drawn as it goes, plain lines or nothing; auto: by where it is shown"
    )
    keep_artifacts: Positive | None = Field(
        None, description="of each name the newest N images, texts, figures, histograms; null: all"
    )
    level: Level = Field("INFO", description="least level of messages in the text log")
    wandb_kwargs: dict[str, Any] = Field({}, description="keys for wandb.init, without `settings`")
    timing_name: Text | None = Field(
        None, description="under which `stride stats --scaling` puts the timings of runs together"
    )
