"""Make Optuna's objects by name, of the arguments that a sweep gives them."""

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from optuna.exceptions import ExperimentalWarning

from stride.components.bind import bind
from stride.errors import ComponentError, ConfigError

Made = TypeVar("Made")


def given_arguments(
    made_by: Callable[..., Any],
    values: Mapping[str, Any],
    section: str,
    supplied: Collection[str] = (),
) -> dict[str, Any]:
    """Return the given arguments as a constructor takes them; its defaults are its own.

    Raises:
        ConfigError: a name or value that it does not take, or one that it needs is missing.
    """
    try:
        bound = bind(made_by, values, section=section, supplied=supplied)
    except ConfigError as error:
        raise ConfigError.combine(_as_typed(one, section) for one in error.each) from None
    return {name: bound[name] for name in values}


def _as_typed(error: ConfigError, section: str) -> ConfigError:
    """Return an error that tells a missing argument as it is typed: in brackets."""
    if "is missing" not in error.what:
        return error
    option, argument = section.removesuffix("_kwargs"), error.key.rpartition(".")[2]
    hint = f"type --{option} 'NAME({argument}=...)'"
    return ConfigError(error.what, key=error.key, where=error.where, hint=hint)


def made(made_by: Callable[..., Made], arguments: Mapping[str, Any], section: str) -> Made:
    """Call a constructor; what it refuses is the user's mistake in that section.

    Raises:
        ComponentError: it refuses a value, or a package is not installed that it needs.
    """
    with refusing(section):
        return made_by(**arguments)


@contextmanager
def refusing(section: str) -> Iterator[None]:
    """Tell what Optuna refuses as the user's mistake in a section, and nothing of experiments.

    Raises:
        ComponentError: it refuses a value, or a package is not installed that it needs.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            yield
    except ImportError as error:
        what = " ".join(str(error).split())
        raise ComponentError(what, where=section, hint="install that package") from error
    except (TypeError, ValueError) as error:
        what = f"{section} is refused: {' '.join(str(error).split())}"
        hint = "see the arguments in Optuna's docs"
        raise ComponentError(what, where=section, hint=hint) from error
