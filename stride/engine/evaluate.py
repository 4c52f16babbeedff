"""Evaluate a model over a whole split, exactly, with one wait for the device at the end."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from stride.config.metrics import metric_name
from stride.distributed import totals
from stride.engine.metrics import Metric, exact_type, over_ranks
from stride.engine.precision import Precision
from stride.models.model import Model, as_step


def evaluate(
    model: Model,
    batches: Iterable[Any],
    metrics: Mapping[str, Metric],
    *,
    split: str,
    precision: Precision,
) -> dict[str, float]:
    """Return loss and every metric of the split under canonical names, weighted by samples.

    The model is in evaluation mode meanwhile and in its former mode after. With several ranks
    each evaluates its share, and all get the same values: they are brought together once, at
    the end.
    """
    training = model.network.training
    model.eval()
    try:
        with torch.inference_mode(), precision.autocast():
            loss, size = _pass(model, batches, metrics)
    finally:
        model.train(training)
    total, samples = totals([float(loss), size])
    values = {metric_name(split, "loss"): total / samples if samples else float("nan")}
    return values | {metric_name(split, name): over_ranks(m) for name, m in metrics.items()}


def _pass(
    model: Model, batches: Iterable[Any], metrics: Mapping[str, Metric]
) -> tuple[Tensor | float, int]:
    for metric in metrics.values():
        metric.reset()
    total: Tensor | float = 0.0
    size = 0
    for batch in batches:
        step = as_step(model.evaluation_step(batch), batch)
        total = total + step.loss.to(exact_type(step.loss)) * step.size
        size += step.size
        for metric in metrics.values():
            metric.update(step)
    return total, size
