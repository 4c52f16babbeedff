"""Build the model of a config, or take the one given."""

from typing import Any

import torch
from torch.nn.parameter import UninitializedParameter

from stride.config.resolve import Resolved
from stride.data import Data
from stride.distributed import world_size
from stride.errors import ConfigError
from stride.models.build import (
    as_model,
    build_criterion,
    build_model,
    resolve_criterion,
    resolve_model,
)
from stride.models.freeze import freeze
from stride.models.model import Model
from stride.trainer.fit.assembly import Given, KindOfTraining, require_returned
from stride.trainer.fit.config_paths import placed_weights
from stride.trainer.fit.open_sections import values_of
from stride.trainer.weights.frozen_networks import give_frozen
from stride.trainer.weights.start_weights import StartedFrom, load_start_weights


def build_model_of(
    resolved: Resolved,
    sections: dict[str, Any],
    objects: Given,
    data: Data,
    device: torch.device,
    kind: KindOfTraining,
) -> tuple[Model, StartedFrom]:
    """Build the model, or take the one given; freeze what is frozen, and place it.

    Args:
        resolved: the config.
        sections: get the model and the criterion as they turned out.
        objects: what stands for what the config would build.
        data: what the model has to fit.
        device: where it is wanted; a model that is to be divided stays where it is.
        kind: of training, which may wrap the model.

    Returns:
        The model, and what it has of others' weights.

    Raises:
        UserError: the model cannot be built so, or its sizes are not known.
    """
    config = resolved.config
    built, started_from = _build_model(resolved, sections, objects, data)
    model = kind.wrap(config, data, built)
    require_returned(kind, "wrap", model, Model, "write `return model` for the model as it is")
    freeze(model, config.model_kwargs.freeze)
    give_frozen(model, resolved).to(device)
    if world_size() == 1 or config.distributed_config.strategy != "fsdp":  # or no device holds it
        model.to(device)
    _require_shapes(model)
    return model, started_from


def _build_model(
    resolved: Resolved, sections: dict[str, Any], objects: Given, data: Data
) -> tuple[Model, StartedFrom]:
    """Build the model, or take the one given; note both sections as they turned out."""
    config = resolved.config
    criterion_values = values_of(config.criterion_kwargs)
    sections["criterion_kwargs"] = resolve_criterion(criterion_values, data.info)
    criterion = build_criterion(sections["criterion_kwargs"])
    if objects.model is not None:
        network = objects.model.network if isinstance(objects.model, Model) else objects.model
        kind = type(network)
        sections["model_kwargs"] = {"model_name": f"{kind.__module__}:{kind.__qualname__}"}
        return as_model(objects.model, criterion), StartedFrom()
    values = values_of(config.model_kwargs)
    made_by = objects.constructor
    section = resolve_model(values, data.info, seed=config.seed, constructor=made_by)
    sections["model_kwargs"] = section
    model = build_model(section, criterion, data.info, constructor=made_by)
    source = placed_weights(section["init_from"], resolved)
    return model, load_start_weights(model.network, source)


def _require_shapes(model: Model) -> None:
    if any(isinstance(parameter, UninitializedParameter) for parameter in model.parameters()):
        raise ConfigError(
            "the model has lazy layers, whose sizes are not known yet",
            key="model_kwargs.model_name",
            where="model_kwargs.model_name",
            hint="call the network on a batch in its constructor, or before set_model",
        )
