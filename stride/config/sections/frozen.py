"""The networks that help in a training and are not trained: a table of the config."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from stride.config.sections.section import Section, Text
from stride.config.validation_errors import typed_tables
from stride.errors import ConfigError, nearest_name


class FrozenNetwork(Section):
    """A network that helps in the training and is not trained: of which run, and what it is."""

    run: Text = Field(description="the folder of the run whose best weights it has")
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = Field(
        None, description="of these weights; null: as they are when the run begins"
    )
    model_kwargs: dict[str, Any] = Field({}, description="the network, as in that run")


def _frozen_networks(value: Any) -> Any:
    """Read each table by itself; a text is the run alone."""
    return typed_tables(value, FrozenNetwork, "frozen", "run")


def _file_names(networks: dict[str, FrozenNetwork]) -> dict[str, FrozenNetwork]:
    for name in networks:
        if not name.isidentifier():
            what = f"frozen.{name}: a name is letters, digits and '_', no digit first"
            hint = nearest_name(name, str.isidentifier)
            raise ConfigError(what, key=f"frozen.{name}", hint=hint)
    return networks


Networks = Annotated[
    dict[str, FrozenNetwork], BeforeValidator(_frozen_networks), AfterValidator(_file_names)
]
