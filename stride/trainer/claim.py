"""Claim a run for a training that stands, and write down where it comes from."""

import json

import torch

from stride.components import source_of
from stride.config import Resolved
from stride.config.fields import flatten
from stride.distributed import rank
from stride.engine.device import device_name
from stride.engine.state import TrainState
from stride.loggers.base import Loggers
from stride.loggers.console import open_display
from stride.loggers.text import TextLog
from stride.models.model import Model
from stride.models.weights import weights_bytes
from stride.runs.layout import FORMAT_VERSION
from stride.runs.provenance import Survey, collect
from stride.runs.writer import RunWriter
from stride.trainer.assembly import Assembly, lengths
from stride.trainer.recording import Recording


def claim(
    state: TrainState,
    assembly: Assembly,
    survey: Survey,
    log: TextLog,
    loggers: Loggers,
    *,
    force: bool,
) -> Recording:
    """Claim the next run, or that of the config's name, and write what is known at its start.

    Raises:
        RunError: the name is taken, or the work_dir cannot be written.
    """
    config = assembly.config
    surroundings = survey.result()
    writer = RunWriter.start(
        config.work_dir,
        config.run,
        force=force,
        config=config.to_json(),
        provenance=collect(
            surroundings,
            overrides=typed_overrides(assembly.resolved),
            origins=assembly.resolved.origins,
            seeds=_seeds(assembly),
            devices=[device_name(assembly.device)],
            threads={"torch": torch.get_num_threads()},
            data_fingerprint=assembly.data.fingerprint,
        ),
        patch=surroundings.patch,
    )
    try:
        log.open(writer.paths.log(rank()))
        _write_inputs(writer, assembly)
        loggers.open(writer.paths, config.to_json())
        display = open_display(config.logging_config.terminal_display)
        epochs, steps = lengths(config, assembly.data)
        display.start(total_steps=steps, total_epochs=epochs)
    except BaseException as error:
        writer.close("failed", f"{type(error).__name__}: {error}")
        raise
    return Recording(writer, state, loggers, display)


def _write_inputs(writer: RunWriter, assembly: Assembly) -> None:
    """Write what the config alone cannot give back: statistics, start weights, a class's text."""
    data, model = assembly.data, assembly.model
    if data.normalization is not None:
        values = {"format_version": FORMAT_VERSION, **data.normalization.to_json()}
        writer.commit(writer.paths.normalization, values)
    if assembly.has_own_weights:
        writer.commit(writer.paths.initial_weights, weights_bytes(model.network.state_dict()))
    source = source_of(type(model if type(model) is not Model else model.network))
    if source is not None:
        writer.commit(writer.paths.model_source, source)


def _seeds(assembly: Assembly) -> dict[str, int]:
    config = assembly.config
    seeds = {"seed": config.seed, "model_seed": config.model_kwargs.model_seed}
    seeds |= {key: getattr(config.dataset_kwargs, key) for key in ("split_seed", "subsample_seed")}
    return {name: seed for name, seed in seeds.items() if seed is not None}


def typed_overrides(resolved: Resolved) -> list[str]:
    """Return the overrides as `key=value` texts, as typed and in the order of typing."""
    typed: dict[str, str] = {}
    for layer in resolved.layers:
        if layer.name == "override":
            typed |= {key: f"{key}={_text(value)}" for key, value in flatten(layer.values)}
    return [text for key, text in typed.items() if key not in ("work_dir", "run")]


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
