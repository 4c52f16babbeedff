"""What a config says of a reconstruction where nothing is typed, and what it cannot say."""

from typing import Any

from stride.config import Resolved
from stride.config.metrics import metric_name
from stride.config.schema import Config
from stride.distributed import world_size
from stride.errors import ConfigError, DataError
from stride.trainer.fit.assembly import Assembly
from stride.trainer.fit.open_sections import values_of

LOSS = metric_name("validation", "loss")
"""The loss by which weights are the best."""

_HISTORY = "reconstruction_config.history"
_OFF = f"type: {_HISTORY}=off, which keeps the weights of the last epoch"


def completed(resolved: Resolved) -> Resolved:
    """Return the config with L1Loss and Adam where none is named, and what its history asks for.

    Raises:
        ConfigError: what was typed contradicts the history.
    """
    config = resolved.config
    sections: dict[str, dict[str, Any]] = {}
    if config.criterion_kwargs.criterion_name is None:
        named = {"criterion_name": "L1Loss"}
        sections["criterion_kwargs"] = values_of(config.criterion_kwargs) | named
    untyped = resolved.origin("optimizer_kwargs.optimizer_name") == "default"
    if untyped and not config.optimizers:
        sections["optimizer_kwargs"] = values_of(config.optimizer_kwargs) | {
            "optimizer_name": "Adam"
        }
    return resolved.with_sections(sections | _of_history(config))


def _of_history(config: Config) -> dict[str, dict[str, Any]]:
    """Return the sections by which weights.safetensors is the final model.

    Raises:
        ConfigError: another metric is to decide, or no best weights are kept.
    """
    history, training = config.reconstruction_config.history, config.training_config
    if history == "off":
        return {"checkpoint_config": {"keep_best": 0}, "training_config": {"save_best": False}}
    if training.saving_metric not in (None, LOSS):
        raise _refused("training_config.saving_metric", f"{history} goes by {LOSS}", "null")
    if training.saving_mode == "max":
        raise _refused("training_config.saving_mode", f"{history} wants the lowest {LOSS}", "null")
    if config.checkpoint_config.keep_best == 0:
        key = "checkpoint_config.keep_best"
        what = f"{history} goes back to the best weights, and {key}=0 keeps none"
        hint = f"type: {key}=1 training_config.save_best=true, or {_HISTORY}=off"
        raise ConfigError(what, key=key, where=key, hint=hint)
    return {"training_config": {"saving_metric": LOSS, "saving_mode": "min"}}


def require_fit(assembly: Assembly) -> None:
    """Refuse data and options that no reconstruction goes with.

    Raises:
        DataError: there are targets, or nothing to validate on.
        ConfigError: an average of the weights, or several processes.
    """
    config, history = assembly.config, assembly.config.reconstruction_config.history
    if assembly.data.info.target_kind is not None:
        raise DataError(
            f"{config.dataset_kwargs.dataset_name} has targets, and a reconstruction gives back "
            "its inputs",
            where="dataset_kwargs",
            hint="take a set without, as dataset_name=sines; of dataset_name=arrays type "
            "dataset_kwargs.targets=null",
        )
    if history != "off" and not assembly.validates:
        raise DataError(
            f"history={history} compares losses of the validation split, and there is none",
            where=_HISTORY,
            hint=_OFF,
        )
    if history == "swap" and config.average_config.kind is not None:
        key = "average_config.kind"
        what = "weights that are exchanged have no average"
        raise ConfigError(what, key=key, where=key, hint=f"type: {_HISTORY}=restore_best")
    if world_size() > 1:
        hint = "train in one process, and several runs at once: stride sweep"
        raise ConfigError("a reconstruction is trained by one process", key="trainer", hint=hint)


def _refused(key: str, what: str, value: str) -> ConfigError:
    return ConfigError(what, key=key, where=key, hint=f"type: {key}={value}, or {_HISTORY}=off")
