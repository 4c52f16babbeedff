"""Build what a training needs from a config, and write back what was decided on the way."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from stride.config.resolve import Resolved
from stride.config.schema import Config
from stride.data import Data, Normalization
from stride.data.short_epochs import shorten
from stride.engine.device import resolve_device
from stride.engine.dynamo import keep_dynamo_out
from stride.engine.optim.build import fused
from stride.engine.optim.optimizers import optimizer_key, schedule_key
from stride.engine.optim.schedule import resolve_scheduler
from stride.engine.parallel.build import choose_strategy
from stride.engine.precision import Precision
from stride.errors import ComponentError, DataError
from stride.metrics.build import default_metrics
from stride.models.model import Model
from stride.trainer.fit.assembly import (
    MODEL_NAME,
    SET_MODEL,
    Assembly,
    Given,
    KindOfTraining,
    lengths,
    require_returned,
    validates,
)
from stride.trainer.fit.construction.data import build_data_of
from stride.trainer.fit.construction.model import build_model_of
from stride.trainer.fit.monitors import saving_monitor
from stride.trainer.fit.open_sections import SCHEDULE, resolve_sections, scheduler_sections


def assemble(
    resolved: Resolved,
    objects: Given,
    kind: KindOfTraining,
    *,
    splits: tuple[str, ...] = ("train", "val", "test"),
    normalization: Normalization | None = None,
    trains: bool = True,
) -> Assembly:
    """Build data and model of a config; the cheap checks come first.

    Args:
        resolved: the config.
        objects: what stands for what the config would build.
        kind: of training, which may have loaders of its own.
        splits: of the data that are built.
        normalization: statistics to apply; None: those of the training split.
        trains: whether optimiser and schedule are checked and written out too.

    Raises:
        UserError: any key, value, name, file or shape that is wrong; nothing is on disk yet.
    """
    config = resolved.config
    _require_model(resolved, objects)
    if not config.training_config.compile:
        keep_dynamo_out()
    device = resolve_device(config.device)
    objects = _with_loaders_of(kind, config, objects)
    made = _data_of(kind, config, objects, device, normalization)
    sections: dict[str, Any] = resolve_sections(
        config,
        loader=made.train_loader if made else objects.loaders.get("train"),
        model=objects.model,
        constructor=objects.constructor,
        trains=trains,
    )
    data = made or build_data_of(resolved, sections, objects, device, splits, normalization)
    sections["dataset_kwargs"] |= data.inferred
    if trains:
        data = shorten(data, config.training_config, config.seed)
        kind.take_data(config, data)
    model, started_from = build_model_of(resolved, sections, objects, data, device, kind)
    if trains:
        _complete_optimizers(sections, config, data, model, kind)
    several = bool(config.optimizers)
    strategy = choose_strategy(config.distributed_config.strategy, model, several=several)
    sections["distributed_config"] = {"strategy": strategy}
    names = config.training_config.metrics
    return Assembly(
        _completed(resolved, sections, objects),
        device,
        data,
        model,
        [*(default_metrics(data.info) if names is None else names)],
        Precision(config.training_config.precision, device),
        kind,
        objects.model is not None,
        started_from=started_from,
    )


def assemble_data(
    resolved: Resolved, objects: Given, kind: KindOfTraining, *, splits: tuple[str, ...]
) -> Data:
    """Build the data of a config alone.

    Args:
        resolved: the config.
        objects: what stands for what the config would build.
        kind: of training, which may have loaders of its own.
        splits: of the data that are built.

    Raises:
        UserError: a key or value of the config is wrong, or the data cannot be read.
    """
    config, device = resolved.config, resolve_device(resolved.config.device)
    objects = _with_loaders_of(kind, config, objects)
    if made := _data_of(kind, config, objects, device, None):
        return made
    sections = resolve_sections(
        config,
        loader=objects.loaders.get("train"),
        model=objects.model,
        constructor=objects.constructor,
    )
    return build_data_of(resolved, sections, objects, device, splits, None)


def _with_loaders_of(kind: KindOfTraining, config: Config, objects: Given) -> Given:
    """Let the kind's loaders take the place of the config's data; those given go before them."""
    loaders = kind.loaders(config)
    require_returned(kind, "loaders", loaders, Mapping, "write `return {}` for those of the config")
    return replace(objects, loaders={**loaders, **objects.loaders})


def _data_of(
    kind: KindOfTraining,
    config: Config,
    objects: Given,
    device: torch.device,
    normalization: Normalization | None,
) -> Data | None:
    """Return the data that a kind makes itself, beside which no loader has a meaning.

    Raises:
        ComponentError: it is something else.
        DataError: loaders are given.
    """
    data = kind.build_data(config, device, normalization)
    if data is None:
        return None
    require_returned(kind, "build_data", data, Data, "return None for the data of the config")
    if objects.loaders:
        what = f"trainer={config.trainer} makes its own data, and takes no loader"
        raise DataError(what, where=f"{min(objects.loaders)}_loader", hint="leave it out")
    return data


def _completed(resolved: Resolved, sections: Mapping[str, Any], objects: Given) -> Resolved:
    """Return the config with what was decided; of a given model it has the class alone."""
    complete = resolved.with_sections(sections)
    if objects.model is None:
        return complete
    return replace(complete, origins=complete.origins | {MODEL_NAME: SET_MODEL})


def _complete_optimizers(
    sections: dict[str, Any], config: Config, data: Data, model: Model, kind: KindOfTraining
) -> None:
    """Choose fused optimisers where that is possible, and give schedules their lengths."""
    epochs, steps = lengths(kind.limits(config), data)
    mode = saving_monitor(config.training_config, validates(config, data, kind)).mode
    for name, section in scheduler_sections(config).items():
        key, schedule = optimizer_key(name), schedule_key(name)
        sections[key] = fused(
            sections[key],
            model.parameters(),
            divided=config.distributed_config.strategy == "fsdp",
            sparse=any(getattr(part, "sparse", False) is True for part in model.network.modules()),
            key=key,
        )
        # How many updates each of several makes, only the steps will tell.
        own = None if name else steps
        sections[schedule] = resolve_scheduler(
            section, epochs=epochs, steps=own, mode=mode, key=schedule
        )
    if named := [*config.optimizers]:
        sections["optimizers"] = {
            name: sections.pop(optimizer_key(name)) | {SCHEDULE: sections.pop(schedule_key(name))}
            for name in named
        }


def _require_model(resolved: Resolved, objects: Given) -> None:
    """Refuse a run's config whose model was an object, where there is none now."""
    if objects.model is None and resolved.origins.get(MODEL_NAME) == SET_MODEL:
        raise ComponentError(
            f"the run's model, a {resolved.config.model_kwargs.model_name}, was given from Python",
            hint="in Python: trainer.set_model(one that is built alike), then the same again",
        )
