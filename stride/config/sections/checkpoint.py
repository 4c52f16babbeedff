"""The section of checkpoints: when they are written, and which are kept."""

from pydantic import Field

from stride.config.sections.section import NotNegative, Positive, Section
from stride.config.short_forms import KEEP_BEST


class CheckpointConfig(Section):
    """When checkpoints are written, and which are kept."""

    every_epochs: Positive | None = Field(None, description="epochs between checkpoints")
    every_steps: Positive | None = Field(None, description="steps between checkpoints")
    every_minutes: float | None = Field(10.0, gt=0, description="minutes between checkpoints")
    keep_last: Positive = Field(2, description="newest checkpoints kept")
    keep_best: NotNegative = Field(
        KEEP_BEST, description="best checkpoints kept; 0: the best may be deleted"
    )
    keep_every: Positive | None = Field(None, description="epochs between those never deleted")
    background: bool = Field(True, description="write while the training continues")
    grace_seconds: float | None = Field(
        None,
        gt=0,
        description="what a signal leaves for the step and its checkpoint; null: all they take",
    )
