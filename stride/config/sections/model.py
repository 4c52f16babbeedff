"""The sections of the network, the weights it starts from, and the loss."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from stride.config.sections.section import OpenSection, Section, Seed, Text, number_as_text
from stride.config.validation_errors import typed_table


class StartWeights(Section):
    """Which weights a network starts from, and what of them."""

    run: Text = Field(description="a run's folder, or a safetensors file")
    at: Annotated[Text, BeforeValidator(number_as_text)] = Field(
        "best", description="best, last, a checkpoint's name or its step"
    )
    keys: dict[str, str] = Field({}, description="prefixes of names there -> here; {}: all as is")
    strict: bool = Field(True, description="refuse names that are missing, unknown or misshapen")


INIT_FROM = "model_kwargs.init_from"


def _start_weights(value: Any) -> Any:
    """Read a table by itself: the errors of a union name none of its keys."""
    return typed_table(value, StartWeights, INIT_FROM) if isinstance(value, Mapping) else value


class ModelKwargs(OpenSection):
    """The network."""

    name_field = "model_name"

    model_name: Text | None = Field(
        None, description="a built-in network or an import path; null: CNN for images, else MLP"
    )
    model_seed: Seed | None = Field(None, description="seed of the weights; null: the run's seed")
    init_from: Annotated[
        Text | list[Text | None] | StartWeights | None, BeforeValidator(_start_weights)
    ] = Field(
        None,
        description="a run or safetensors file to start from, or a table of `run`, `at`, `keys` "
        "and `strict`; of candidates one for each",
    )
    freeze: list[Text] = Field(
        [], description="modules and parameters that are not trained: names, `*` for any text"
    )


class CriterionKwargs(OpenSection):
    """The loss."""

    name_field = "criterion_name"

    criterion_name: Text | None = Field(None, description="a loss; null: by the kind of targets")
