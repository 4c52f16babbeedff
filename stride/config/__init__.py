"""Typed, frozen, layered configs: what a run is made from, and where each value comes from."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stride.config.layers import Layer, override_layer, work_dir_layer
    from stride.config.overrides import Overrides
    from stride.config.recorded import Recorded, read_recorded
    from stride.config.resolve import Resolved, resolve_layers
    from stride.config.schema import Config

__all__ = [
    "Config",
    "Layer",
    "Overrides",
    "Recorded",
    "Resolved",
    "override_layer",
    "read_recorded",
    "resolve_layers",
    "work_dir_layer",
]

_MODULES = ("schema", "overrides", "layers", "resolve", "recorded")


def __getattr__(name: str) -> Any:
    """Import on first use: importing `stride.config.metrics` alone must not load pydantic."""
    if name in __all__:
        for module in map(import_module, (f"{__name__}.{home}" for home in _MODULES)):
            if name in vars(module):
                return vars(module)[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
