"""Put a sweep together from a file and the words of a command line, on a base config."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from stride.config.layers import Layer, merge_layers, with_origins
from stride.config.names.short import ALIASES
from stride.config.overrides import overrides_tree
from stride.config.schema import OPEN_SECTIONS
from stride.config.sweep.space import Choice, is_table
from stride.config.sweep.spec import SweepSpec
from stride.config.sweep.whole_keys import leaves, with_whole_keys
from stride.config.typed_keys import TypedKeys, declared_key
from stride.errors import ConfigError

Tree = dict[str, Any]

TABLES = ("overrides", "grid", "search")
"""Fields of a sweep whose keys are those of the config; a stronger layer adds to them."""


def assemble(layers: Sequence[Layer], below: Sequence[Layer]) -> SweepSpec:
    """Return the sweep that layers describe, weakest first.

    Keys may be short, of the parameters of any constructor that the base config or the sweep
    chooses. A stronger layer adds keys to the tables of a weaker one, or gives them other values;
    it replaces any other field whole.

    Args:
        layers: of `sweep_file`, `runs_file` and `words_layer`.
        below: of the base config that the trials are overrides of, as `Resolved.layers`.

    Raises:
        ConfigError: a key or value is wrong; names it, and the file and line or the option.
    """
    keys = TypedKeys(lambda: _chosen(layers, below))
    fields: Tree = {}
    try:
        for layer in layers:
            fields = lay_over(fields, with_whole_keys(layer.values, keys.full))
        return SweepSpec.from_json(fields)
    except ConfigError as error:
        raise with_origins(error, partial(origin_of, layers)) from None


def lay_over(lower: Tree, upper: Tree) -> Tree:
    """Return fields with stronger ones over them, whose tables add to those below."""
    merged = {
        name: {**lower[name], **upper[name]}
        for name in TABLES
        if all(isinstance(one.get(name), dict) for one in (lower, upper))
    }
    return {**lower, **upper, **merged}


def origin_of(layers: Sequence[Layer], key: str) -> str:
    """Return where a key of a sweep stands, in the strongest layer that has it; else nothing."""
    for layer in reversed(layers):
        for typed, place in _places(layer.values):
            if _is_same(typed, key):
                return layer.origin(place)
    return ""


def _places(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the keys that are typed, and under which key of the file."""
    for name, value in values.items():
        yield name, name
        table = value if name in TABLES and isinstance(value, dict) else {}
        yield from ((typed, f"{name}.{typed}") for typed, _ in leaves(table, is_table))


def _is_same(typed: str, key: str) -> bool:
    whole = ALIASES.get(typed, typed)
    return key in (typed, whole) or key.startswith(f"{whole}.") or key.endswith(f".{typed}")


def _chosen(layers: Sequence[Layer], below: Sequence[Layer]) -> list[Tree]:
    """Return the values under trials that together choose all constructors that the sweep does."""
    fields: Tree = {}
    for layer in layers:
        fields = lay_over(fields, with_whole_keys(layer.values, declared_key))
    tables = {name: fields.get(name) for name in TABLES}
    overrides, grid, search = (one if isinstance(one, dict) else {} for one in tables.values())
    return [
        merge_layers([*below, Layer("sweep", overrides_tree({**overrides, **point}))]).values
        for point in [*_named(grid, search), *_listed(fields.get("runs"))]
    ]


def _named(grid: Tree, search: Tree) -> Iterator[Tree]:
    """Yield points that among them hold every name of a constructor in a grid or search."""
    names: dict[str, list[Any]] = {}
    for section, model in OPEN_SECTIONS.items():
        key = f"{section}.{model.name_field}"
        dimension = search.get(key)
        names[key] = dimension.values if isinstance(dimension, Choice) else grid.get(key, [])
    for number in range(max(1, *map(len, names.values()))):
        yield {key: values[min(number, len(values) - 1)] for key, values in names.items() if values}


def _listed(runs: Any) -> Iterator[Tree]:
    for run in runs if isinstance(runs, list) else ():
        if isinstance(run, dict) and isinstance(run.get("config"), dict):
            yield run["config"]
