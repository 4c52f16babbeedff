"""Check the keys of a sweep against the config's schema before any trial is made."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from stride.config.layers import Layer
from stride.config.sweep.assembly import origin_of
from stride.config.sweep.space import Choice, Dimension, IntRange
from stride.config.sweep.spec import SweepSpec
from stride.config.values import show
from stride.errors import ConfigError

Tree = dict[str, Any]

_BETWEEN = 0.381966  # of a range of floats: between whole numbers, if anything of it is


def run_name(spec: SweepSpec, number: int) -> str:
    """Return what a run of a sweep's list is called: by its name, or its number in the list."""
    name = spec.runs[number].run
    return f"runs {number}" if name is None else f"run {name}"


def require_keys(
    spec: SweepSpec,
    resolve: Callable[[Mapping[str, Any]], Any],
    layers: Sequence[Layer] = (),
    called: Callable[[SweepSpec, int], str] = run_name,
) -> None:
    """Refuse a sweep of which a trial has a wrong key, or a value of a wrong type.

    Args:
        spec: whose points, of a search its probes, are tried.
        resolve: lays overrides over the base config and validates, as `Resolved.override` does.
        layers: what the spec was assembled from; its keys have lines there.
        called: what a run of a list is called.

    Raises:
        ConfigError: names the key, what is wrong, where in the sweep it stands, the nearest key.
    """
    for number, point in enumerate(probes(spec)):
        try:
            resolve({**spec.overrides, **point})
        except ConfigError as error:
            name = called(spec, number) if spec.kind == "list" else ""
            place = partial(_place, spec, name, point, layers)
            errors = (
                ConfigError(one.what, key=one.key, where=place(one.key), hint=one.hint)
                for one in error.each
            )
            raise ConfigError.combine(errors) from None


def probes(spec: SweepSpec) -> list[Tree]:
    """Return the points that tell whether keys and types of a sweep are right.

    These are the points of a grid or list. Of a search they are one for each choice, for both ends
    of each range and a number between, each with a value of all other dimensions that are active.
    """
    if spec.kind != "search":
        return spec.points()
    return [
        _point(spec.search, key, value)
        for key, dimension in spec.search.items()
        for value in _values(dimension)
    ]


def _values(dimension: Dimension) -> list[Any]:
    if isinstance(dimension, Choice):
        return dimension.values
    low, high, step = dimension.low, dimension.high, dimension.step
    if isinstance(dimension, IntRange):
        return [low, high]
    between = low + step if step else low + (high - low) * _BETWEEN
    return [low, min(between, high), high]


def _point(search: Mapping[str, Dimension], key: str, value: Any) -> Tree:
    """Return a point with a value of one dimension, where that one is active."""
    chosen = dict(_needed(search, key, value))
    for other, dimension in search.items():  # those that conditions name come first
        if other not in chosen and dimension.is_active(chosen):
            chosen[other] = _values(dimension)[0]
    return {name: chosen[name] for name in search if name in chosen}


def _needed(search: Mapping[str, Dimension], key: str, value: Any) -> Iterator[tuple[str, Any]]:
    yield key, value
    for other, values in search[key].when.items():
        yield from _needed(search, other, values[0])


def _place(spec: SweepSpec, name: str, point: Tree, layers: Sequence[Layer], key: str) -> str:
    """Return which part of a sweep a wrong key comes from, and where that is written."""
    found = next((one for one in [*point, *spec.overrides] if _overlap(one, key)), "")
    if not found:
        return f"trial {show({**spec.overrides, **point}, limit=200)}"
    part = (name or f"{spec.kind} {found}") if found in point else f"overrides {found}"
    return ", ".join(filter(None, [part, origin_of(layers, found)]))


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
