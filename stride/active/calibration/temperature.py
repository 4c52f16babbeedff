"""Fit the temperature of a model's outputs on the validation split, for strategies to score by."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from stride.active.calibration.calibration_error import temperature
from stride.active.pool.inference_modes import evaluation_mode, network_of
from stride.active.pool.outputs import as_tensor
from stride.active.pool.pool import Network
from stride.distributed import gather
from stride.engine.precision import Precision
from stride.errors import ConfigError, DataError
from stride.models.model import Model
from stride.models.steps.batch import split_batch
from stride.models.targets import CLASSES, LABEL_LOGITS

KEY = "active_config.temperature_scaling"
IGNORED = -100


def require_temperature(criterion: nn.Module, *, validates: bool) -> None:
    """Refuse a temperature of outputs that are not logits, or without samples to fit it on.

    Raises:
        ConfigError: the criterion does not train class logits, or there is no validation split.
    """
    if not validates:
        raise ConfigError(
            "a temperature is fitted on the validation split, and there is none",
            key=KEY,
            where=KEY,
            hint="type: dataset_kwargs.val_fraction=0.15",
        )
    if not isinstance(criterion, (*CLASSES, *LABEL_LOGITS)):
        raise ConfigError(
            f"outputs trained by {type(criterion).__name__} are not logits: no temperature",
            key=KEY,
            where=KEY,
            hint=f"type: {KEY}=false",
        )


def fit_temperature(
    model: Network, batches: Iterable[Any], precision: Precision | None = None
) -> float:
    """Return what to divide a model's outputs by, so that validation labels are the likeliest.

    The outputs of all batches are held at once, in float32 on the CPU; with several processes
    those of all of them, so that each has the same temperature whichever samples it was given.

    Args:
        model: as trained; in evaluation mode meanwhile. A plain module's outputs are logits.
        batches: of the validation split: of training's own the logits are too sure.
        precision: the arithmetic of forward passes; None: that of the model.

    Returns:
        the temperature; 1 where every label is the likeliest, as of a few samples it may be: any
        smaller temperature were likelier still, and would leave nothing to tell scores by.

    Raises:
        DataError: there are no samples, outputs are not finite, or targets are not classes.
    """
    parts = [part for own in gather(_pairs(model, batches, precision)) for part in own]
    if not parts:
        raise DataError("there are no labels to fit a temperature on", where=KEY)
    logits, labels = (torch.cat(column) for column in zip(*parts, strict=True))
    return 1.0 if torch.equal(logits.argmax(1), labels) else temperature(logits, labels)


def _pairs(
    model: Network, batches: Iterable[Any], precision: Precision | None
) -> list[tuple[Tensor, Tensor]]:
    """Return logits (rows, classes) and labels of each batch, without those that do not count."""
    network, pairs = network_of(model), []
    criterion = model.criterion if isinstance(model, Model) else nn.Identity()
    autocast = (precision or Precision("fp32", torch.device("cpu"))).autocast
    for batch in batches:
        inputs, targets = split_batch(batch)
        with torch.no_grad(), evaluation_mode(network), autocast():
            outputs = as_tensor(network(inputs)).float().cpu()
        logits, labels = _rows(outputs, targets.cpu(), isinstance(criterion, LABEL_LOGITS))
        counted = labels != getattr(criterion, "ignore_index", IGNORED)
        if counted.any():
            pairs.append((logits[counted], labels[counted]))
    return pairs


def _rows(outputs: Tensor, targets: Tensor, of_labels: bool) -> tuple[Tensor, Tensor]:
    """Return one row of logits for each label: of a sample, a pixel, or one label of several."""
    if of_labels or outputs.ndim == 1:
        second = outputs.reshape(-1)
        logits = torch.stack([torch.zeros_like(second), second], 1)
        labels = (targets.reshape(-1) > 0.5).long()
    else:
        logits = outputs.movedim(1, -1).flatten(0, -2)
        labels = targets.reshape(-1)
    if len(labels) == len(logits) and not labels.is_floating_point():
        return logits, labels.long()
    raise DataError(
        f"targets of shape {tuple(targets.shape)} and type {targets.dtype} are not classes for "
        f"outputs of shape {tuple(outputs.shape)}",
        where=KEY,
        hint="a temperature needs one class for each prediction",
    )
