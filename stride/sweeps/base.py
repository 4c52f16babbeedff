"""Know the config that all trials of a sweep start from."""

from collections.abc import Mapping
from typing import Any

from stride.config import Layer, Resolved
from stride.config.layers import argument_layer, work_dir_layer
from stride.config.sweep.spec import SweepSpec
from stride.errors import RunError
from stride.runs.layout import SweepPaths
from stride.runs.provenance.config_digest import config_digest
from stride.runs.records.sweep import SweepRecord


def digest_of(values: Mapping[str, Any]) -> str:
    """Return the digest of what decides numbers in a config that trials start from."""
    return config_digest({k: one for k, one in values.items() if k != "logging_config"})


def base_of(paths: SweepPaths, values: Mapping[str, Any], spec: SweepSpec) -> Resolved:
    """Return the config that all trials start from, of values that this process was given."""
    return _resolved(argument_layer(values), paths, spec)


def read_base(paths: SweepPaths, record: SweepRecord, spec: SweepSpec) -> Resolved:
    """Return the same as the sweep's folder has it.

    Raises:
        UserError: the file is broken, or is not the one by which the sweep was asked for.
    """
    layer = work_dir_layer(str(paths.path))
    if record.config_sha256 not in ("", digest_of(layer.values)):
        what = "the config that trials start from was changed after the sweep was asked for"
        raise RunError(what, where=str(paths.config), hint="ask for the sweep again")
    return _resolved(layer, paths, spec)


def _resolved(layer: Layer, paths: SweepPaths, spec: SweepSpec) -> Resolved:
    place = argument_layer({"work_dir": str(paths.work_dir)})
    base = Resolved.from_layers([layer, place])
    return base.override({**spec.overrides, **_monitored(spec)}, "sweep", layer.folder)


def _monitored(spec: SweepSpec) -> dict[str, Any]:
    """Return the overrides by which a run's best value is that of the sweep's metric."""
    chosen = {"saving_metric": spec.metric, "mode": spec.mode}
    return {f"training_config.{key}": one for key, one in chosen.items() if one is not None}
