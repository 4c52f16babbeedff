"""Read the tables of a sweep as people write them: nested or dotted, their keys whole or short."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from stride.config.overrides import FullKey
from stride.config.sweep.space import Dimension, is_table, read_dimension
from stride.config.sweep.value_lists import require_distinct
from stride.config.values import show
from stride.errors import ConfigError

Tree = dict[str, Any]


def with_whole_keys(given: Mapping[str, Any], full_key: FullKey) -> Tree:
    """Return the fields of a sweep with whole dotted keys, and its dimensions read.

    What is not a table is left as it is, for the schema to refuse it.

    Args:
        given: the fields, plain.
        full_key: gives the whole key that a typed one means.

    Raises:
        ConfigError: two keys are one, values are not a list, or a dimension is wrong.
    """
    read = {
        name: reader(given[name], full_key)
        for name, reader in _READERS.items()
        if isinstance(given.get(name), dict)
    }
    listed = given.get("runs")
    runs = {"runs": [_run(one, full_key) for one in listed]} if isinstance(listed, list) else {}
    return {**given, **read, **runs}


def dotted(table: Tree, full_key: FullKey, is_value: Callable[[Any], bool]) -> Tree:
    """Return a nested table as whole dotted keys and values.

    Raises:
        ConfigError: two of its keys are one.
    """
    values: Tree = {}
    typed: dict[str, str] = {}
    for text, value in leaves(table, is_value):
        key = full_key(text)
        if key in typed:
            what = f"{key} is given twice, as {typed[key]} and as {text}"
            raise ConfigError(what, key=text, hint="leave out one of the two")
        values[key], typed[key] = value, text
    return values


def leaves(
    table: Tree, is_value: Callable[[Any], bool], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield the dotted keys and values of a nested table; some tables are values."""
    for name, value in table.items():
        if isinstance(value, dict) and value and not is_value(value):
            yield from leaves(value, is_value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _never(value: Any) -> bool:
    return False


def _overrides(table: Tree, full_key: FullKey) -> Tree:
    return dotted(table, full_key, _never)


def _grid(table: Tree, full_key: FullKey) -> Tree:
    grid = dotted(table, full_key, _never)
    for key, values in grid.items():
        if not isinstance(values, list):
            hint = f"type {key} = [{show(values)}]"
            what = f"{key} must be a list of values, not {show(values)}"
            raise ConfigError(what, key=key, hint=hint)
        require_distinct(values, key)
    return grid


def _search(table: Tree, full_key: FullKey) -> dict[str, Dimension]:
    given = dotted(table, full_key, is_table)
    return {key: read_dimension(value, key, full_key) for key, value in given.items()}


def _run(entry: Any, full_key: FullKey) -> Any:
    config = entry.get("config") if isinstance(entry, dict) else None
    return {**entry, "config": _overrides(config, full_key)} if isinstance(config, dict) else entry


_READERS = {"overrides": _overrides, "grid": _grid, "search": _search}
