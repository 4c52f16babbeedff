"""The section of averaged weights."""

from typing import Literal, Self

from pydantic import Field, model_validator

from stride.config.sections.section import NotNegative, Positive, Section
from stride.errors import ConfigError


class AverageConfig(Section):
    """An average of the weights over the steps."""

    kind: Literal["ema", "swa"] | None = Field(
        None, description="an exponential moving average, the mean of the weights, or none"
    )
    decay: float = Field(0.999, ge=0, lt=1, description="of ema: what is left of it in a step")
    start_step: NotNegative = Field(0, description="steps done before the first that is averaged")
    every_steps: Positive = Field(1, description="steps between two that are averaged")
    evaluate: Literal["average", "model"] = Field(
        "average", description="what is validated, kept as the best weights and tested"
    )

    @model_validator(mode="after")
    def _need_a_kind(self) -> Self:
        fields = {name: one.default for name, one in type(self).model_fields.items()}
        given = [name for name, default in fields.items() if getattr(self, name) != default]
        if self.kind is None and given:
            what = f"average_config.{given[0]} is set, and there is no average"
            key, hint = f"average_config.{given[0]}", "type: average_config.kind=ema"
            raise ConfigError(what, key=key, hint=hint)
        if self.kind == "swa" and "decay" in given:
            what, key = "a mean has no decay", "average_config.decay"
            raise ConfigError(
                f"{key} is set: {what}", key=key, hint="type: average_config.kind=ema"
            )
        return self
