"""The section of a range test: over which learning rates, in how many steps."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from stride.config.sections.section import Section
from stride.config.values import whole_number
from stride.errors import ConfigError

Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class LrFindConfig(Section):
    """Options of a range test of the learning rate."""

    min_lr: Rate = Field(1e-7, description="the rate of the first step")
    max_lr: Rate = Field(10.0, description="the rate of the last step, unless the loss diverges")
    num_steps: Annotated[int, Field(ge=10), BeforeValidator(whole_number)] = Field(
        100, description="steps from the one to the other, each by the same factor"
    )

    @model_validator(mode="after")
    def _rise(self) -> Self:
        if self.min_lr >= self.max_lr:
            key = "lr_find_config.max_lr"
            what = f"{key}={self.max_lr:g} is not above min_lr={self.min_lr:g}"
            hint = f"type: lr_find_config.min_lr={self.max_lr / 1e6:g}"
            raise ConfigError(what, key=key, hint=hint)
        return self
