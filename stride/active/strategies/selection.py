"""Choose the samples with the largest scores: ties by the seed, classes within their weights."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from stride.errors import ConfigError, NonFiniteError

KEY = "active_config.class_weights"


def top_k(scores: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Return the positions of the largest scores, largest first; all, where there are fewer.

    Args:
        scores: one number per sample.
        count: how many to choose.
        generator: decides between equal scores.

    Raises:
        NonFiniteError: a score is NaN or infinite.
    """
    scores = require_finite(scores, "scores").cpu()
    count = min(count, len(scores))
    if count == 0:
        return torch.zeros(0, dtype=torch.int64)
    last = scores.topk(count).values[-1]
    return _descending(scores, (scores >= last).nonzero().flatten(), generator)[:count]


def top_k_by_class(
    scores: Tensor,
    count: int,
    generator: torch.Generator,
    *,
    predicted: Tensor,
    weights: Mapping[int, float],
) -> Tensor:
    """Return as `largest`, at most ceil(weight * count) of a predicted class as long as others do.

    Where the classes' shares do not suffice, the next best follow, whatever their class.

    Args:
        scores: one number per sample.
        count: how many to choose.
        generator: decides between equal scores.
        predicted: the class of each sample.
        weights: the largest share of a class; a class that is not named has no limit.

    Raises:
        NonFiniteError: a score is NaN or infinite.
    """
    scores = require_finite(scores, "scores").cpu()
    order = _descending(scores, torch.arange(len(scores)), generator)
    classes = predicted.cpu()[order]
    within = torch.ones(len(order), dtype=torch.bool)
    for label, weight in weights.items():
        mine = classes == label
        within &= ~mine | (mine.cumsum(0) <= _share(weight, count))
    return torch.cat([order[within][:count], order[~within]])[:count]


def class_weights(weights: Mapping[Any, float] | Sequence[float]) -> dict[int, float]:
    """Return the weights by class: a list has them in the order of the classes.

    Raises:
        ConfigError: a class is not a number, as JSON's keys may be, or a weight is not a share.
    """
    items = weights.items() if isinstance(weights, Mapping) else enumerate(weights)
    try:
        found = {int(label): float(weight) for label, weight in items}
    except (TypeError, ValueError) as error:
        hint = 'type numbers of classes and their shares, as in {"0": 0.5}'
        raise ConfigError(f"{KEY}: {error}", key=KEY, hint=hint) from error
    for label, weight in found.items():
        if not weight >= 0 or math.isinf(weight):
            raise ConfigError(
                f"{KEY}: the weight of class {label} is {weight}",
                key=KEY,
                hint="a weight is the largest share of a class in a query, from 0 to 1",
            )
    return found


def require_finite(numbers: Tensor, what: str) -> Tensor:
    """Return the numbers, one or a row per sample.

    Raises:
        NonFiniteError: one of them is NaN or infinite.
    """
    good = numbers.isfinite()
    if not good.all():
        bad = (~good.reshape(len(good), -1).all(1)).nonzero().flatten()
        raise NonFiniteError(
            f"the {what} of {len(bad)} of {len(numbers)} samples are not finite",
            where=f"first at position {int(bad[0])} of the pool",
            hint="look for NaN in the data and in the model's outputs",
        )
    return numbers


def _descending(scores: Tensor, chosen: Tensor, generator: torch.Generator) -> Tensor:
    """Return positions by falling score; equal ones in an order that the generator gives."""
    chosen = chosen[torch.randperm(len(chosen), generator=generator)]
    return chosen[scores[chosen].argsort(descending=True, stable=True)]


def _share(weight: float, count: int) -> int:
    # 0.07 * 100 is a little more than 7 in floating point, and its ceiling would be 8.
    return math.ceil(round(weight * count, 9))
