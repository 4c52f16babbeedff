"""A component by name with its hyperparameters: a section of a config, checked at once."""

from collections.abc import Callable
from contextlib import suppress
from inspect import Parameter
from typing import Any, final

from stride.components import bind, find, parameters
from stride.config.values import plain
from stride.errors import ComponentError, UserError, nearest
from stride.models.infer import SIZES
from stride.trainer.arguments import with_names

KINDS = ("model", "criterion", "optimizer", "scheduler")


@final
class Block:
    """Name a component and its hyperparameters, those left out by their defaults.

    It is the section of a config that says the same, as `model_kwargs`: nothing is built. What the
    data decides, as the shape of the inputs, is filled in where a run is made, unless it is given.

    Args:
        component: a built-in name, a name of torch's, an import path `package.module:Name`, or a
            class or function at the top of a module.
        kind: model, criterion, optimizer or scheduler.
        **hyperparameters: arguments of its constructor, as JSON can hold them.

    Attributes:
        name: of the component, as a config has it.
        kind: as it was given.
        hyperparameters: all of them, as JSON gives them back.

    Raises:
        ConfigError: a hyperparameter that the component does not have, or a value it cannot be.
        ComponentError: there is no such component.
    """

    def __init__(
        self, component: str | Callable[..., Any], kind: str = "model", /, **hyperparameters: Any
    ) -> None:
        _require_kind(kind)
        self.kind = kind
        self.name = component if isinstance(component, str) else _name_of(component, kind)
        constructor = find(kind, self.name)
        named = parameters(constructor).named.items()
        left = [n for n, one in named if n not in hyperparameters and _is_open(one)]
        bound = bind(constructor, hyperparameters, section=self.section_name, supplied=left)
        self.hyperparameters: dict[str, Any] = plain(bound, self.section_name)

    @property
    def section_name(self) -> str:
        """Return which section of the config it is, as `model_kwargs`."""
        return f"{self.kind}_kwargs"

    @property
    def section(self) -> dict[str, Any]:
        """Return the section of the config that says the same."""
        return {f"{self.kind}_name": self.name, **self.hyperparameters}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Block):
            return NotImplemented
        return (self.kind, self.section) == (other.kind, other.section)

    __hash__ = None  # type: ignore[assignment]  # hyperparameters may be lists

    def __repr__(self) -> str:
        kind = "" if self.kind == "model" else f", {self.kind!r}"
        values = "".join(f", {name}={one!r}" for name, one in self.hyperparameters.items())
        return f"Block({self.name!r}{kind}{values})"


def _require_kind(kind: str) -> None:
    if kind not in KINDS:
        hint = nearest(kind, KINDS) or f"give one of: {', '.join(KINDS)}"
        raise UserError(f"{kind!r} is not a kind of block", where="Block", hint=hint)


def _is_open(parameter: Parameter) -> bool:
    """Tell whether a parameter has to be given, or is a size that the data decides."""
    default = parameter.default
    return default is parameter.empty or (default is None and parameter.name in SIZES)


def _name_of(component: Callable[..., Any], kind: str) -> str:
    """Return the shortest name that leads to a class or function."""
    key = f"{kind}_name"
    path: str = with_names({key: component})[key]
    with suppress(ComponentError):
        if find(kind, component.__name__) is component:
            return component.__name__
    return path
