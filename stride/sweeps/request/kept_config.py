"""Keep the config of a trainer in the sweep's folder: what all trials start from."""

from collections.abc import Mapping
from typing import Any

from stride.config import Resolved
from stride.config.import_paths import import_paths
from stride.config.layers import nearest_origin
from stride.config.sweep.spec import SweepSpec
from stride.config.values import join
from stride.errors import UserError
from stride.runs.files.atomic import atomic_json
from stride.runs.layout import FORMAT_VERSION, SweepPaths
from stride.runs.signing.signature import sign_work_dir
from stride.trainer.fit.assembly import Assembly
from stride.trainer.process_state import drawing
from stride.trainer.settled import settled
from stride.trainer.trainer import Trainer

_QUIET = {"terminal_display": "off"}  # the sweep has a display of its own


def base_values(trainer: Trainer, example: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a trainer was given of its config, as another process can start from it.

    Args:
        trainer: whose it is.
        example: overrides of a trial.

    Raises:
        UserError: it would not train.
    """
    resolved = trainer.builder.resolved
    trainer.builder.require_trust(resolved)
    values = settled(resolved.config, assembled(trainer, resolved, example).config)
    kept = _given(values, resolved.origins)
    return {
        **{key: value for key, value in kept.items() if key not in ("work_dir", "run")},
        "logging_config": {**kept.get("logging_config", {}), **_QUIET},
    }


def _given(
    values: Mapping[str, Any], origins: Mapping[str, str], within: str = ""
) -> dict[str, Any]:
    """Return the values that somebody has given: kinds of training have defaults of their own."""
    kept: dict[str, Any] = {}
    for name, value in values.items():
        key = join(within, name)
        if nearest_origin(origins, key):
            kept[name] = value
        elif isinstance(value, Mapping) and (inner := _given(value, origins, key)):
            kept[name] = inner
    return kept


def assembled(trainer: Trainer, resolved: Resolved, example: Mapping[str, Any]) -> Assembly:
    """Build data and model of a config, or of a trial where it lacks what every trial has.

    Raises:
        UserError: the trial would not train.
    """
    with drawing(resolved.config.seed):
        try:
            return trainer.builder.assemble(resolved)
        except UserError:
            return trainer.builder.assemble(resolved.override(example))


def write_base(paths: SweepPaths, values: dict[str, Any], spec: SweepSpec) -> None:
    """Write the config, signed by the user, who asks for the trials."""
    sign_sweep(paths, values, spec)
    atomic_json(paths.config, {"format_version": FORMAT_VERSION, **values})


def sign_sweep(paths: SweepPaths, values: Mapping[str, Any], spec: SweepSpec) -> None:
    """Sign the import paths of a sweep: of the config that trials start from, and of what is tried.

    Args:
        paths: of the sweep.
        values: of that config.
        spec: what is tried.
    """
    if imports := import_paths({"config": values, "spec": spec.to_json()}):
        sign_work_dir(paths.path, imports)
