"""Schedulers that are made of others, as SequentialLR: a list of their sections in the config."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch.optim.lr_scheduler import ReduceLROnPlateau

from stride.components import find, parameters
from stride.components.convert import convert_untyped
from stride.config.values import show
from stride.errors import ConfigError

PARTS = "schedulers"
"""The parameter by which a scheduler takes others, and the key of their sections."""


def takes_parts(constructor: Callable[..., Any]) -> bool:
    """Tell whether a scheduler is made of others."""
    return PARTS in parameters(constructor).named


def part_keys(parts: Sequence[Any], key: str) -> list[str]:
    """Return the dotted key of each part's section."""
    return [f"{key}.{PARTS}.{number}" for number in range(len(parts))]


def parts_of(
    constructor: Callable[..., Any], section: Mapping[str, Any], key: str
) -> list[dict[str, Any]]:
    """Return the sections of the schedulers that one is made of, none of one that stands alone.

    Raises:
        ConfigError: there is no list of sections, or one names no scheduler, or one that follows
            a metric, is made of others itself, or says when it is stepped.
        ComponentError: there is no scheduler of a name.
    """
    if not takes_parts(constructor):
        return []
    place = f"{key}.{PARTS}"
    given = convert_untyped(section.get(PARTS), place)
    if not isinstance(given, list) or not given:
        hint = 'as [{"scheduler_name": "LinearLR"}, {"scheduler_name": "CosineAnnealingLR"}]'
        raise _wrong(f"{place} must be a list of schedulers, not {show(given)}", place, hint)
    for one, part_key in zip(given, part_keys(given, key), strict=True):
        _require_part(one, part_key)
    return given


def _require_part(part: Any, key: str) -> None:
    name = part.get("scheduler_name") if isinstance(part, dict) else None
    if not isinstance(name, str):
        what = f"{key} must be a table with scheduler_name, not {show(part)}"
        raise _wrong(what, key, 'as {"scheduler_name": "LinearLR", "total_iters": 5}')
    if "interval" in part:
        what = f"{key} is stepped with the others, and has no interval of its own"
        raise _wrong(what, f"{key}.interval", "give it beside the list")
    constructor = find("scheduler", name)
    if takes_parts(constructor):  # torch 2.13 steps what is in it at its making, once too often
        raise _wrong(f"{name} cannot be part of another scheduler", key, "list its parts instead")
    if constructor is ReduceLROnPlateau:
        what = "ReduceLROnPlateau follows a metric, and cannot be part of another scheduler"
        raise _wrong(what, key, "name it alone, as scheduler_name")


def require_rising(milestones: Sequence[int], key: str) -> None:
    """Refuse milestones of a sequence of which one lies before an earlier one, or before the start.

    Raises:
        ConfigError: torch takes them, and steps parts that are over.
    """
    if list(milestones) != sorted(milestones) or (milestones and milestones[0] < 0):
        what = f"{key}.milestones must rise, and none be negative, not {show(list(milestones))}"
        raise _wrong(what, f"{key}.milestones", "give when each part but the first begins")


def _wrong(what: str, key: str, hint: str) -> ConfigError:
    return ConfigError(what, key=key, where=key, hint=hint)
