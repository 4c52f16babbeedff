"""Layers of config values, weakest first, merged with the origin of each value."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel

from stride.config.files import read_config_file
from stride.config.json_kinds import read
from stride.config.names.fields import section_type, table_type
from stride.config.overrides import FullKey, Overrides, deep_merge, overrides_tree, split_overrides
from stride.config.schema import OPEN_SECTIONS, Config
from stride.config.sections.optimizer import NamedOptimizer, SchedulerKwargs
from stride.config.sections.section import OpenSection
from stride.config.short_forms import DERIVED_FROM, TEXT_ALIASES, fold_layer
from stride.config.typed_keys import TypedKeys, declared_key
from stride.config.values import Raw, flatten, join, without_key
from stride.errors import ConfigError

Tree = dict[str, Any]


@dataclass(frozen=True)
class Layer:
    """Nested values from one source.

    Attributes:
        name: what the layer is called: "work_dir", "file exp.toml", "argument", "override".
        values: nested values; text typed on a command line is `Raw`.
        origins: dotted key -> origin, where it says more than the layer's name.
        folder: the run or work_dir in which it was found, None where this process was given it.
        run_config: what config.json held, of a run; None of a work_dir.
    """

    name: str
    values: Tree
    origins: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None
    run_config: Mapping[str, Any] | None = None

    def origin(self, key: str) -> str:
        """Return where a dotted key of this layer comes from."""
        return nearest_origin(self.origins, key) or self.name


@dataclass(frozen=True)
class Merged:
    """The values of all layers, and where each comes from."""

    values: Tree
    origins: dict[str, str]


def work_dir_layer(work_dir: str) -> Layer:
    """Return the base config of a work_dir; empty where there is none.

    Its `work_dir` and `run` are left out: a folder may have been moved, and every new run begins
    here.
    """
    path = Path(work_dir, "config.json")
    values = file_layer(path).values if _is_there(path) else {}
    kept = {k: v for k, v in values.items() if k not in ("work_dir", "run")}
    return Layer("work_dir", kept, folder=path.parent.absolute())


def _is_there(path: Path) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # nobody may look: reading it says so
        return True
    return True


def file_layer(path: str | Path) -> Layer:
    """Return the values of a config file, each with its line where the parser tells it."""
    values, lines = read_config_file(path)
    name = f"file {path}"
    try:
        tree = overrides_tree(values)
    except ConfigError as error:
        raise with_origins(error, lambda key: name) from None
    return Layer(name, tree, {key: f"{name}:{line}" for key, line in lines.items()})


def argument_layer(arguments: Mapping[str, Any]) -> Layer:
    """Return a constructor's arguments, copied; None at the root means not given."""
    given = {name: value for name, value in arguments.items() if value is not None}
    return Layer("argument", overrides_tree(given))


def override_layer(
    overrides: Overrides, name: str = "override", below: Sequence[Layer] = ()
) -> Layer:
    """Return all overrides of one command as one layer; each value knows its number.

    Args:
        overrides: whose keys may be short.
        name: of the layer.
        below: the layers that it will lie on, which may choose the constructors.

    Raises:
        ConfigError: one is malformed, or a short key may mean several.
    """
    keys = TypedKeys(lambda: [merge_layers([*below, schema_layer(overrides)]).values])
    return _typed(overrides, name, keys.full)


def schema_layer(overrides: Overrides) -> Layer:
    """Return overrides as far as the schema alone tells their keys: what they choose, and where."""
    return _typed(overrides, "override", declared_key)


def _typed(overrides: Overrides, name: str, full_key: FullKey) -> Layer:
    values: Tree = {}
    origins: dict[str, str] = {}
    for number, one in enumerate(split_overrides(overrides, full_key), start=1):
        values = deep_merge(values, one)
        origins = _over(origins, {key: f"{name} {number}" for key in _leaves(one)})
    return Layer(name, values, origins)


def merge_layers(layers: Sequence[Layer]) -> Merged:
    """Merge layers, weakest first.

    A layer that changes an `<x>_name` drops that section's undeclared keys from the layers below:
    they belonged to another constructor.

    Raises:
        ConfigError: text that its field cannot read, or a short form against its long form.
    """
    merged = Merged({}, {})
    for layer in layers:
        merged = _lay_over(merged, layer)
    return merged


def nearest_origin(origins: Mapping[str, str], key: str) -> str:
    """Return the origin of a dotted key or of the nearest table round it, else the empty text."""
    while key and key not in origins:
        key = key.rpartition(".")[0]
    return origins.get(key, "")


def _lay_over(below: Merged, layer: Layer) -> Merged:
    try:
        given = fold_layer(_settle(layer.values, Config))
    except ConfigError as error:
        raise with_origins(error, layer.origin) from None
    values, origins = below.values, below.origins
    for stale in _stale(below.values, given):
        values = without_key(values, stale)
        origins = {k: v for k, v in origins.items() if not k.startswith(f"{stale}.") and k != stale}
    new = {key: _origin(layer, key) for key in _leaves(given)}
    return Merged(deep_merge(values, given), _over(origins, new))


def with_origins(error: ConfigError, origin: Callable[[str], str]) -> ConfigError:
    """Return the error with the origin of each wrong value as its place."""
    return ConfigError.combine(
        ConfigError(one.what, key=one.key, where=one.where or origin(one.key), hint=one.hint)
        for one in error.each
    )


def _origin(layer: Layer, key: str) -> str:
    """Return a key's origin; a folded key has that of the short form it came from."""
    own = nearest_origin(layer.origins, key)
    return own or layer.origin(DERIVED_FROM.get(key, key))


def _settle(values: Any, model: type[BaseModel], key: str = "") -> Any:
    """Return the values with the text of declared keys read as their types ask."""
    if not isinstance(values, dict):
        return values
    return {name: _settled(value, model, name, join(key, name)) for name, value in values.items()}


def _settled(value: Any, model: type[BaseModel], name: str, key: str) -> Any:
    declared = model.model_fields.get(name)
    inner = section_type(declared) or (table_type(declared) if isinstance(value, dict) else None)
    if inner and declared and get_origin(declared.annotation) is dict:  # of such tables, by name
        return {name: _settle(one, inner, join(key, name)) for name, one in value.items()}
    if inner:
        return _settle(value, inner, key)
    if isinstance(value, Raw) and declared:
        return read(value, declared.annotation, key)
    if isinstance(value, Raw) and key in TEXT_ALIASES:
        return str(value)
    if declared and not issubclass(model, OpenSection):
        return _read_freely(value, key)
    return value


def _read_freely(value: Any, key: str) -> Any:
    """Read the text inside a declared table, such as wandb_kwargs, that no signature decides."""
    if isinstance(value, dict):
        return {name: _read_freely(part, join(key, name)) for name, part in value.items()}
    return read(value, Any, key) if isinstance(value, Raw) else value


def _stale(below: Tree, given: Tree) -> Iterator[str]:
    """Yield the dotted keys of weaker layers that the new layer makes meaningless."""
    yield from _stale_place(given)
    if given.get("optimizers") and not below.get("optimizers"):  # which take the place of these
        yield from ("optimizer_kwargs", "scheduler_kwargs")
    for section, model in OPEN_SECTIONS.items():
        yield from _stale_keys(section, model, below.get(section), given.get(section))
    for name, new in _tables(given.get("optimizers")):
        old, key = dict(_tables(below.get("optimizers"))).get(name, {}), f"optimizers.{name}"
        yield from _stale_keys(key, NamedOptimizer, old, new)
        schedules = [one.get("scheduler_kwargs") for one in (old, new)]
        yield from _stale_keys(f"{key}.scheduler_kwargs", SchedulerKwargs, *schedules)


def _stale_keys(section: str, model: type[OpenSection], old: Any, new: Any) -> Iterator[str]:
    """Yield the keys of a section that were meant for another constructor."""
    if not (model.name_field and isinstance(old, dict) and isinstance(new, dict)):
        return
    default = model.model_fields[model.name_field].default
    before = old.get(model.name_field, default)
    if new.get(model.name_field, before) != before:
        kept = {*model.model_fields} - {*model.of_constructor}
        yield from (f"{section}.{key}" for key in old if key not in kept)


def _tables(values: Any) -> Iterator[tuple[str, Tree]]:
    """Yield the tables among some values, by name."""
    for name, value in values.items() if isinstance(values, dict) else ():
        if isinstance(value, dict):
            yield name, value


def _stale_place(given: Tree) -> Iterator[str]:
    """Yield whichever of work_dir and results_dir the stronger layer replaces."""
    training = given.get("training_config")
    if "work_dir" in given:
        yield "training_config.results_dir"
    elif isinstance(training, dict) and "results_dir" in training:
        yield "work_dir"


def _leaves(values: Tree) -> Iterator[str]:
    """Yield the dotted keys that hold a value; an empty table changes nothing."""
    return (key for key, value in flatten(values) if value != {})


def _over(lower: Mapping[str, str], upper: Mapping[str, str]) -> dict[str, str]:
    """Return the origins merged; a key that is set again drops the keys beneath it."""
    kept = {k: v for k, v in lower.items() if not any(k.startswith(f"{new}.") for new in upper)}
    return {**kept, **upper}
