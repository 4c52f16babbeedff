"""The sections of optimisers and schedules: of one, or of several by name."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from stride.config.sections.section import OpenSection, Text
from stride.config.values import show
from stride.errors import ConfigError


def require_patterns(table: Mapping[str, Any], key: str) -> None:
    """Refuse a table whose `match` is not a pattern of parameter names, or a list of them.

    Raises:
        ConfigError: says so; or its `name` is not text.
    """
    match, name = table.get("match"), table.get("name", "-")
    patterns = match if isinstance(match, list) else [match]
    if not patterns or not all(isinstance(one, str) and one for one in patterns):
        hint = 'as {"match": "*.bias", "weight_decay": 0}'
        what = f"{key}.match must be a pattern of parameter names, or a list of them"
        raise ConfigError(f"{what}, not {show(match)}", key=f"{key}.match", hint=hint)
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{key}.name must be text, not {show(name)}", key=f"{key}.name")


class OptimizerKwargs(OpenSection):
    """The optimiser."""

    name_field = "optimizer_name"
    of_constructor = ("groups",)

    optimizer_name: Text = Field("AdamW", description="one of torch.optim or an import path")
    groups: list[dict[str, Any]] = Field(
        [], description="`match`: pattern of parameter names, or a list; with options of its own"
    )


class SchedulerKwargs(OpenSection):
    """The learning rate schedule."""

    name_field = "scheduler_name"

    scheduler_name: Text | None = Field(None, description="a torch scheduler or an import path")
    interval: Literal["epoch", "step"] | None = Field(
        None, description="when it is stepped; null: as torch's own schedulers need it"
    )


class NamedOptimizer(OptimizerKwargs):
    """One of several optimisers: what it moves, and its schedule."""

    of_constructor = ("groups",)

    match: Text | list[Text] = Field(
        description="pattern of the names of its parameters, or a list"
    )
    scheduler_kwargs: SchedulerKwargs = Field(
        default_factory=SchedulerKwargs, description="its schedule, which counts its own updates"
    )
