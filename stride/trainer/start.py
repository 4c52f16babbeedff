"""What the command line calls: start a run, check one, or say what it would be."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from stride.components import find
from stride.config import resolve_layers
from stride.runs.work_dir import WorkDir


def start(
    overrides: list[str],
    config_file: str | None,
    *,
    force: bool,
    ended: Callable[[Path], object],
) -> None:
    """Train a run.

    Args:
        overrides: `key=value` texts.
        config_file: JSON, TOML or YAML.
        force: whether an existing run of the config's name is replaced.
        ended: called with the run's folder at its end, however it ended; not without a folder.

    Raises:
        UserError: a wrong key, value, name, file or shape; no folder was made.
        RunFailed: the training could not go on; the run says so.
    """
    trainer = _trainer(overrides, config_file)
    try:
        trainer.fit(force=force)
    finally:
        if (run := getattr(trainer, "run", None)) is not None:
            ended(run.paths.path)


def dry_run(overrides: list[str], config_file: str | None, *, force: bool) -> dict[str, Any]:
    """Return the complete config of the run that `start` would make; create nothing.

    Raises:
        UserError: as in `start`.
    """
    trainer = _trainer(overrides, config_file)
    config = trainer.config
    WorkDir(config.work_dir).check_name(config.run, force=force)
    trainer.check()
    values: dict[str, Any] = trainer.config.to_json()
    return values


def check(overrides: list[str], config_file: str | None) -> dict[str, Any]:
    """Try one batch of the run that `start` would make; return what was found.

    Raises:
        UserError: as in `start`.
    """
    found: dict[str, Any] = _trainer(overrides, config_file).check()
    return found


def _trainer(overrides: list[str], config_file: str | None) -> Any:
    name = resolve_layers(config_file=config_file, overrides=overrides).config.trainer
    return find("trainer", name)(config_file=config_file, overrides=overrides)
