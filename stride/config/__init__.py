"""Typed, frozen, layered configs: what a run is made from, and where each value comes from."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stride.config.files import read_config_file
    from stride.config.layers import (
        Layer,
        Merged,
        argument_layer,
        file_layer,
        merge_layers,
        override_layer,
        work_dir_layer,
    )
    from stride.config.metrics import canonical, infer_mode, metric_name
    from stride.config.overrides import Overrides, overrides_tree, parse_override
    from stride.config.recorded import Recorded, read_recorded
    from stride.config.resolve import Resolved, load_config, resolve_layers
    from stride.config.schema import OPEN_SECTIONS, Config, OpenSection, declared_keys
    from stride.config.values import Raw

__all__ = [
    "OPEN_SECTIONS",
    "Config",
    "Layer",
    "Merged",
    "OpenSection",
    "Overrides",
    "Raw",
    "Recorded",
    "Resolved",
    "argument_layer",
    "canonical",
    "declared_keys",
    "file_layer",
    "infer_mode",
    "load_config",
    "merge_layers",
    "metric_name",
    "override_layer",
    "overrides_tree",
    "parse_override",
    "read_config_file",
    "read_recorded",
    "resolve_layers",
    "work_dir_layer",
]

_MODULES = ("metrics", "values", "files", "schema", "overrides", "layers", "resolve", "recorded")


def __getattr__(name: str) -> Any:
    """Import on first use: who wants only the metric names does not wait for pydantic."""
    if name in __all__:
        for module in map(import_module, (f"{__name__}.{home}" for home in _MODULES)):
            if name in vars(module):
                return vars(module)[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
