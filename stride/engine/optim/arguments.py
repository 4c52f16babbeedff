"""Check the sections of optimisers and schedulers against the constructors that they choose."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from stride.components import bind
from stride.engine.optim.composed import PARTS, takes_parts
from stride.errors import ComponentError

DECLARED = {
    "optimizer": ("optimizer_name", "groups", "match"),
    "scheduler": ("scheduler_name", "interval"),
}
"""STRIDE's own keys of each section; the others are the constructor's."""

SUPPLIED = {"optimizer": ("params", "named_parameters", "model"), "scheduler": ("optimizer",)}
"""Parameters that STRIDE gives to whatever constructor asks for them."""


def complete_section(
    kind: str, constructor: Callable[..., Any], section: Mapping[str, Any], key: str
) -> dict[str, Any]:
    """Return a section with all arguments of its constructor, converted to their types.

    Raises:
        ConfigError: an unknown key, or a value of the wrong type.
    """
    declared = {name: section[name] for name in DECLARED[kind] if name in section}
    return declared | bound_arguments(kind, constructor, section, key)


def bound_arguments(
    kind: str, constructor: Callable[..., Any], section: Mapping[str, Any], key: str
) -> dict[str, Any]:
    """Return the constructor's arguments, as objects: what a config holds is plain JSON.

    Raises:
        ConfigError: an unknown key, or a value of the wrong type.
    """
    parts = (PARTS,) if kind == "scheduler" and takes_parts(constructor) else ()
    own = {k: v for k, v in section.items() if k not in (*DECLARED[kind], *parts)}
    return bind(constructor, own, section=key, supplied=(*SUPPLIED[kind], *parts))


def require_step(kind: str, constructor: Callable[..., Any], key: str) -> None:
    """Refuse a class of other things before it is called; a function is known by what it gives.

    Raises:
        ComponentError: it has no method `step`.
    """
    if inspect.isclass(constructor) and not callable(getattr(constructor, "step", None)):
        hint = "name a class with a method step, or a function that gives one"
        raise ComponentError(
            f"{constructor.__name__} is not a valid {kind}", where=f"{key}.{kind}_name", hint=hint
        )
