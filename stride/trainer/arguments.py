"""Take what a person gives from Python apart: plain config values, and objects."""

import re
from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any, TypedDict

from stride.components import import_path
from stride.components.imports import load
from stride.config import Overrides, Resolved, resolve_layers
from stride.config.values import join
from stride.errors import ComponentError

_CODE = re.compile(
    r"trainer|.+_name|dataset_kwargs\.(val_|test_)?transform"
    r"|load_data_kwargs\..*(sampler|collate_fn|worker_init_fn)"
    r"|training_config\.(metrics|callbacks)|reconstruction_config\.errors|logging_config\.loggers"
)
"""Dotted keys whose text may be an import path; the elements of a list have that of the list."""


class ConfigArguments(TypedDict, total=False):
    """The keys of the config that a Trainer takes as keyword arguments."""

    run: str | int | None
    trainer: str | type[Any]
    seed: int
    device: str
    frozen: Mapping[str, Any]
    dataset_kwargs: Mapping[str, Any]
    load_data_kwargs: Mapping[str, Any]
    model_kwargs: Mapping[str, Any]
    criterion_kwargs: Mapping[str, Any]
    optimizer_kwargs: Mapping[str, Any]
    scheduler_kwargs: Mapping[str, Any]
    optimizers: Mapping[str, Mapping[str, Any]]
    training_config: Mapping[str, Any]
    average_config: Mapping[str, Any]
    checkpoint_config: Mapping[str, Any]
    distributed_config: Mapping[str, Any]
    logging_config: Mapping[str, Any]
    active_config: Mapping[str, Any]
    lr_find_config: Mapping[str, Any]
    reconstruction_config: Mapping[str, Any]


def with_names(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Replace every class or function that stands where an import path may by its path.

    Raises:
        ComponentError: no import leads to it, as to a class defined inside of a function, or to
            one whose name was given to another since.
    """
    return {key: _with_names(value, key) for key, value in arguments.items()}


def _with_names(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        return {name: _with_names(part, join(key, str(name))) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_with_names(part, key) for part in value]
    return _name_of(value) if callable(value) and _CODE.fullmatch(key) else value


def _name_of(named: Any) -> str:
    """Return the import path that leads to an object, and not to another of the same name."""
    path = import_path(named)
    if load(path) != named:
        what = f"{path} is another class by now than the one given"
        raise ComponentError(what, hint="give the new one, or the old one another name")
    return path


def split_first(
    first: str | PathLike[str] | Mapping[str, Any] | None, config_file: str | None
) -> tuple[dict[str, Any], str | None]:
    """Read a Trainer's first argument: a work_dir, a whole config, or the file of one.

    Returns:
        Arguments, and the config file if there is one.
    """
    if isinstance(first, Mapping):
        return dict(first), config_file
    if first is None:
        return {}, config_file
    path = Path(first)
    if path.suffix in (".json", ".toml", ".yaml", ".yml") and path.is_file():
        return {}, fspath(path)
    return {"work_dir": fspath(first)}, config_file


def resolve_arguments(
    work_dir: str | PathLike[str] | Mapping[str, Any] | None,
    config_file: str | None,
    overrides: Overrides,
    config: Mapping[str, Any],
) -> Resolved:
    """Return the config that a Trainer's arguments make; see `stride.config.resolve_layers`."""
    first, config_file = split_first(work_dir, config_file)
    arguments = with_names({**first, **config})
    return resolve_layers(config_file=config_file, arguments=arguments, overrides=overrides)
