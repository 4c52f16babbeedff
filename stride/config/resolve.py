"""Resolve layers into a validated config in which each value has its origin."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from stride.config.layers import (
    Layer,
    Merged,
    argument_layer,
    file_layer,
    merge_layers,
    nearest_origin,
    override_layer,
    schema_layer,
    with_origins,
    work_dir_layer,
)
from stride.config.overrides import Overrides
from stride.config.schema import Config
from stride.config.short_forms import DERIVED_FROM, work_dir_of
from stride.config.values import flatten, plain
from stride.errors import ConfigError


def current_folder() -> str:
    """Return the folder that relative paths are given from.

    Raises:
        ConfigError: it has been removed.
    """
    try:
        return os.getcwd()
    except FileNotFoundError:
        hint = "change to a folder that is there"
        raise ConfigError("the current folder is gone", hint=hint) from None


@dataclass(frozen=True)
class Resolved:
    """A validated config and where its values come from.

    Attributes:
        config: the config; arguments of constructors are as given until they are bound.
        origins: dotted key -> origin, for every value that is not a default.
        layers: what it was merged from, weakest first.
        folder: the current folder when the paths in it were given.
    """

    config: Config
    origins: dict[str, str]
    layers: tuple[Layer, ...] = ()
    folder: str = field(default_factory=current_folder)

    @classmethod
    def from_layers(cls, layers: Sequence[Layer], folder: str | None = None) -> "Resolved":
        """Merge layers, weakest first, and validate.

        Args:
            layers: of values.
            folder: from which relative paths in them were given, None for the current one.

        Raises:
            ConfigError: a key or value is wrong; names the dotted key, the reason and its origin.
        """
        merged = merge_layers(layers)
        where = folder or current_folder()
        return cls(_validate(merged), _folded_origins(merged), tuple(layers), where)

    def place(self, path: str) -> str:
        """Return a path of the config as it was meant, wherever the program has gone since.

        It stays as typed while that leads there, as it is what a person reads in messages.
        """
        with suppress(ConfigError):
            if self.folder == current_folder():
                return path
        return os.path.join(self.folder, path)

    @property
    def work_dir(self) -> str:
        """Return the path of the work_dir; the config has it as typed."""
        return self.place(self.config.work_dir)

    def listing(self) -> Iterator[tuple[str, Any, str]]:
        """Yield (dotted key, value, origin) for every value, defaults included."""
        for key, value in flatten(plain(self.config)):
            yield key, value, self.origin(key)

    def origin(self, key: str) -> str:
        """Return where a dotted key's value comes from."""
        return nearest_origin(self.origins, key) or "default"

    def override(
        self, overrides: Overrides, name: str = "override", folder: Path | None = None
    ) -> "Resolved":
        """Return the config with overrides on top of all its layers; as it is where there are none.

        Args:
            overrides: dict of dotted keys, nested dict, or "key=value" texts.
            name: what their layer is called.
            folder: in which they were found, None where this process was given them.
        """
        layer = replace(override_layer(overrides, name, self.layers), folder=folder)
        if not layer.values and folder is None:
            return self
        return Resolved.from_layers([*self.layers, layer], self.folder)

    def with_sections(self, sections: Mapping[str, Mapping[str, Any]]) -> "Resolved":
        """Return the same with the constructors' arguments bound: see Config.with_sections."""
        return replace(self, config=self.config.with_sections(sections))


def resolve_layers(
    *,
    work_dir: str | PathLike[str] | None = None,
    config_file: str | PathLike[str] | None = None,
    arguments: Mapping[str, Any] | None = None,
    overrides: Overrides = None,
) -> Resolved:
    """Merge defaults, work_dir/config.json, a config file, arguments and overrides, and validate.

    Args:
        work_dir: the experiment's folder; counts as an argument.
        config_file: JSON, TOML or YAML.
        arguments: root keys, sections as dicts.
        overrides: dict of dotted keys, nested dict, or "key=value" texts.

    Raises:
        ConfigError: no layer gives a work_dir, or a key or value is wrong.
    """
    given = dict(arguments or {})
    if work_dir is not None:
        given["work_dir"] = fspath(work_dir)
    layers = [file_layer(Path(config_file))] if config_file is not None else []
    layers += [argument_layer(given)]
    folder = work_dir_of(merge_layers([*layers, schema_layer(overrides)]).values)
    base = [work_dir_layer(folder)] if isinstance(folder, str) and folder else []
    below = [*base, *layers]
    return Resolved.from_layers([*below, override_layer(overrides, below=below)])


def _validate(merged: Merged) -> Config:
    try:
        return Config.from_json(merged.values)
    except ConfigError as error:
        raise with_origins(error, partial(_origin, merged.origins)) from None


def _origin(origins: Mapping[str, str], key: str) -> str:
    """Return the origin of a key, or of one beneath it: of a section the first."""
    beneath = (origin for one, origin in origins.items() if one.startswith(f"{key}."))
    return nearest_origin(origins, key) or next(beneath, "")


def _folded_origins(merged: Merged) -> dict[str, str]:
    """Return the origins with those of keys that only a short form gave."""
    derived = {
        key: merged.origins[short]
        for key, short in DERIVED_FROM.items()
        if key not in merged.origins and short in merged.origins
    }
    return {**merged.origins, **derived}
