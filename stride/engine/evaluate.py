"""Evaluate a model over a whole split, exactly, with one wait for the device at the end."""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import repeat
from typing import Any

from torch import Tensor

from stride.config.metrics import metric_name
from stride.distributed import any_rank, world_size
from stride.engine.precision import Precision
from stride.metrics.averages import means, sums_over_ranks
from stride.metrics.base import Metric, compute_over_ranks, exact_type, outputs_and_targets
from stride.metrics.classification import Accuracy, Error, Top5Accuracy
from stride.metrics.names import named_numbers, require_no_clash
from stride.metrics.pooled import PooledMetric
from stride.models.gradient_mode import evaluating
from stride.models.losses import Size, to_sum_dtype, value_or_zero
from stride.models.model import Model, evaluated_step
from stride.models.shards import is_sharded
from stride.models.steps.step import Step

_COUNTS = (Accuracy, Error, Top5Accuracy)
"""Metrics that count: their steps can come together, and have the same bits."""


def evaluate(
    model: Model,
    batches: Iterable[Any],
    metrics: Mapping[str, Metric],
    *,
    split: str,
    precision: Precision,
) -> dict[str, float]:
    """Return loss, named values and every metric of the split under canonical names.

    The loss is the mean over all that the steps' losses are means of, and so is a named value over
    the steps that give it.

    The model is in evaluation mode meanwhile and in its former mode after. With several ranks
    each evaluates its share, and all get the same values: they are brought together once, at
    the end.
    """
    with evaluation_mode(model), evaluating(model), precision.autocast():
        sums = _pass(model, batches, metrics)
    own = {name: [float(total), float(size)] for name, (total, size) in sums.items()}
    values = {"loss": math.nan} | means(sums_over_ranks(own))
    require_no_clash(values, metrics)
    for name, metric in metrics.items():
        values |= named_numbers(name, compute_over_ranks(metric))
    return {metric_name(split, name): value for name, value in values.items()}


@contextmanager
def evaluation_mode(model: Model) -> Iterator[None]:
    """Have the model in evaluation mode in the block; nothing is switched where it is already."""
    network = model.network
    training = network.training
    if not any(one.training for one in (*network.modules(), *model.criterion.modules())):
        yield
        return
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def _in_step(batches: Any) -> Iterator[tuple[Any, bool]]:
    """Yield batches as long as some rank has one, and whether they count.

    The ranks of a divided model go forward together: one without a batch takes an example.
    """
    left = iter(batches)
    batch = next(left, None)
    while any_rank(batch is not None):
        yield (batches.example(), False) if batch is None else (batch, True)
        batch = next(left, None)


def _pass(
    model: Model, batches: Iterable[Any], metrics: Mapping[str, Metric]
) -> dict[str, tuple[Size, Size]]:
    """Feed the metrics; return by name what loss and values sum up to, and their weights."""
    for metric in metrics.values():
        metric.reset()
    pooled = [PooledMetric(one, copies=True) for one in metrics.values() if type(one) in _COUNTS]
    others = [metric for metric in metrics.values() if type(metric) not in _COUNTS]
    sums: dict[str, tuple[Size, Size]] = {"loss": (0.0, 0)}
    divided = world_size() > 1 and is_sharded(model.network)
    for batch, counts in _in_step(batches) if divided else zip(batches, repeat(True)):
        step = evaluated_step(model, batch)
        if not counts:
            continue
        _add(sums, step)
        for metric in others:
            metric.update(step)
        for one in pooled:
            one.add(*outputs_and_targets(step))
    for one in pooled:
        one.flush()
    return sums


def _add(sums: dict[str, tuple[Size, Size]], step: Step) -> None:
    weight = _at_hand(to_sum_dtype(step.size))
    for name, value in {"loss": step.loss, **step.values}.items():
        total, size = sums.get(name, (0.0, 0))
        sums[name] = (total + _weighted(_at_hand(value), weight), size + weight)


def _weighted(value: Size, weight: Size) -> Size:
    """Return a mean over a step times its weight, in double precision where the device has it."""
    if isinstance(value, Tensor) or isinstance(weight, Tensor):
        mean = value_or_zero(value, weight)
        return mean.to(exact_type(mean)) * weight
    return value * weight if weight else 0.0


def _at_hand(number: Size) -> Size:
    """Return what is on the CPU as a plain number, whose arithmetic costs a tenth of a tensor's."""
    return number.item() if isinstance(number, Tensor) and number.is_cpu else number
