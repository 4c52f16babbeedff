"""Evaluate a model over a whole split, exactly, with one wait for the device at the end."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any

import torch

from stride.config.metrics import metric_name
from stride.distributed import all_sum, any_rank
from stride.engine.precision import Precision
from stride.metrics.base import Metric, compute_over_ranks, exact_type
from stride.models.losses import Size, to_sum_dtype
from stride.models.model import Model, as_step, loss_or_zero
from stride.models.shards import is_sharded


def evaluate(
    model: Model,
    batches: Iterable[Any],
    metrics: Mapping[str, Metric],
    *,
    split: str,
    precision: Precision,
) -> dict[str, float]:
    """Return loss and every metric of the split under canonical names.

    The loss is the mean over all that the steps' losses are means of.

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
    total, whole = all_sum([float(loss), float(size)])
    values = {metric_name(split, "loss"): total / whole if whole else float("nan")}
    return values | {metric_name(split, name): compute_over_ranks(m) for name, m in metrics.items()}


def _in_step(batches: Any) -> Iterator[tuple[Any, bool]]:
    """Yield batches as long as some rank has one, and whether they count.

    The ranks of a divided model go forward together: one without a batch takes an example.
    """
    left = iter(batches)
    batch = next(left, None)
    while any_rank(batch is not None):
        yield (batches.example(), False) if batch is None else (batch, True)
        batch = next(left, None)


def _pass(model: Model, batches: Iterable[Any], metrics: Mapping[str, Metric]) -> tuple[Size, Size]:
    for metric in metrics.values():
        metric.reset()
    total: Size = 0.0
    size: Size = 0
    divided = is_sharded(model.network)
    for batch, counts in _in_step(batches) if divided else zip(batches, repeat(True)):
        step = as_step(model.evaluation_step(batch), batch)
        if not counts:
            continue
        weight = to_sum_dtype(step.size)
        total = total + loss_or_zero(step).to(exact_type(step.loss)) * weight
        size = size + weight
        for metric in metrics.values():
            metric.update(step)
    return total, size
