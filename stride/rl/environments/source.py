"""What environments are built from, whatever their name stands for."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from stride.components.bind import bind

KWARGS = "rl_config.env_kwargs"


@dataclass(frozen=True)
class Source:
    """What an environment is built from.

    Attributes:
        label: what it is called.
        single: builds one environment, where it can.
        together: builds one object that steps so many, where it can.
    """

    label: str
    single: Callable[[], Any] | None = None
    together: Callable[[int], Any] | None = None


def bound_arguments(
    constructor: Callable[..., Any], kwargs: Mapping[str, Any], supplied: Collection[str] = ()
) -> dict[str, Any]:
    """Return the arguments that were given, converted; others keep their defaults.

    Args:
        constructor: of the environment.
        kwargs: as in the config.
        supplied: names that need not be given, beside those that STRIDE gives.

    Raises:
        ConfigError: the constructor does not take them, or one is missing.
    """
    supplied = {"num_envs", "render_mode", *supplied}
    bound = bind(constructor, kwargs, section=KWARGS, supplied=supplied)
    return {key: bound[key] for key in kwargs}
