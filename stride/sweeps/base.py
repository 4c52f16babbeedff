"""Know the config that all trials of a sweep start from."""

from collections.abc import Mapping
from typing import Any

from stride.config import Layer, Resolved
from stride.config.layers import argument_layer, work_dir_layer
from stride.config.sweep.spec import SweepSpec
from stride.runs.layout import SweepPaths


def base_of(paths: SweepPaths, values: Mapping[str, Any], spec: SweepSpec) -> Resolved:
    """Return the config that all trials start from, of values that this process was given."""
    return _resolved(argument_layer(values), paths, spec)


def read_base(paths: SweepPaths, spec: SweepSpec) -> Resolved:
    """Return the same as the sweep's folder has it.

    Raises:
        ConfigError: the file is broken.
    """
    return _resolved(work_dir_layer(str(paths.path)), paths, spec)


def _resolved(layer: Layer, paths: SweepPaths, spec: SweepSpec) -> Resolved:
    place = argument_layer({"work_dir": str(paths.path.parent.parent)})
    base = Resolved.from_layers([layer, place])
    return base.override(spec.overrides, "sweep").override(_monitored(spec), "sweep")


def _monitored(spec: SweepSpec) -> dict[str, Any]:
    """Return the overrides by which a run's best value is that of the sweep's metric."""
    chosen = {"saving_metric": spec.metric, "mode": spec.mode}
    return {f"training_config.{key}": one for key, one in chosen.items() if one is not None}
