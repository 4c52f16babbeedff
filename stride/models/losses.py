"""Compute a loss together with its denominator: elements, or weights of counted labels."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from stride.errors import DataError
from stride.models.targets import POINTWISE

Size = int | float | Tensor
Value = float | Tensor
LossFunction = Callable[[Any, Any, Any], tuple[Tensor, Size | None]]

LABELS = (nn.CrossEntropyLoss, nn.NLLLoss)

_MEAN = 1  # torch's number for reduction="mean"
_SMALL = 1e-30  # less than any weight that counts


def to_sum_dtype(size: Size) -> Size:
    """Widen a size to a dtype that its sums fit in: bytes and half precision would overflow.

    A mask that has the type of the outputs gives such a size under autocast.
    """
    short = isinstance(size, Tensor) and size.dtype.itemsize < torch.float32.itemsize
    return size.float() if short else size  # type: ignore[union-attr]


def value_or_zero(value: Value, size: Size) -> Tensor:
    """Return a mean over a step without its graph: 0 where it is the mean of nothing."""
    if not isinstance(value, Tensor):
        value = torch.tensor(float(value), dtype=torch.float64)
    mean = value.detach()
    if isinstance(size, Tensor):
        return torch.where(size > 0, mean, 0)
    return mean if size else torch.zeros_like(mean)


def loss_function_for(criterion: nn.Module) -> LossFunction:
    """Return a function that calls the criterion and returns its loss and denominator.

    This is how many elements a pointwise criterion of torch's has averaged, and the sum of the
    weights of the labels that a class criterion has counted; None, the samples, for any other.
    """
    reduction = getattr(criterion, "reduction", "mean")
    # Before the pointwise ones: KLDivLoss is one of them, and its batchmean is over samples.
    if reduction == "batchmean" and _is_as(criterion, (nn.KLDivLoss,)):
        return _samples
    if reduction != "mean" and is_of_torch(type(criterion).forward):
        return _refuse
    if _is_as(criterion, POINTWISE):
        return _pointwise
    if _is_as(criterion, (nn.CrossEntropyLoss,)):
        return _cross_entropy
    return _classes if _is_as(criterion, (nn.NLLLoss,)) else _samples


def is_of_torch(thing: Callable[..., Any]) -> bool:
    """Tell whether a class or function is torch's own, whose `reduction` is known to say what."""
    return thing.__module__.startswith("torch.")


def _is_as(criterion: nn.Module, kinds: tuple[type[nn.Module], ...]) -> bool:
    """Tell whether a criterion computes what one of torch's does."""
    return any(
        isinstance(criterion, kind) and type(criterion).forward is kind.forward for kind in kinds
    )


def _refuse(criterion: Any, outputs: Any, targets: Any) -> tuple[Tensor, None]:
    raise DataError(
        f"{type(criterion).__name__}(reduction={criterion.reduction!r}) gives no mean",
        where="criterion_kwargs",
        hint="leave it at mean, or write a training_step that returns stride.Step(loss, size)",
    )


def _samples(criterion: Any, outputs: Any, targets: Any) -> tuple[Tensor, None]:
    return criterion(outputs, targets), None


def _pointwise(criterion: Any, outputs: Any, targets: Any) -> tuple[Tensor, int]:
    return criterion(outputs, targets), outputs.numel()


def _cross_entropy(criterion: Any, outputs: Any, targets: Any) -> tuple[Tensor, Size]:
    """Use torch's kernel, which counts the labels itself, for plain labels."""
    if (
        criterion.weight is None
        and not criterion.label_smoothing
        and outputs.dim() == 2
        and targets.dim() == 1
        and outputs.dtype is torch.float32
        and not criterion._forward_hooks
        and not criterion._forward_pre_hooks
    ):
        return torch.ops.aten.nll_loss_forward(  # type: ignore[no-any-return]
            torch.log_softmax(outputs, 1), targets, None, _MEAN, criterion.ignore_index
        )
    return _classes(criterion, outputs, targets)


def _classes(criterion: Any, outputs: Any, targets: Any) -> tuple[Tensor, Size]:
    if targets.is_floating_point():  # probabilities of classes
        return criterion(outputs, targets), outputs.numel() // outputs.shape[outputs.dim() > 1]
    counted = targets != criterion.ignore_index
    if criterion.weight is None:
        return criterion(outputs, targets), counted.sum()
    weights = criterion.weight[torch.where(counted, targets, 0)]
    size = torch.where(counted, weights, 0).sum()
    divisor = size.clamp(min=_SMALL)
    # Smoothed labels of weight zero have a loss even so.
    smoothed = getattr(criterion, "label_smoothing", 0)
    return _sum(criterion, outputs, targets) / divisor, divisor if smoothed else size


def _sum(criterion: Any, outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the sum, which has a gradient also where all weights are zero: their mean has none."""
    summed = copy.copy(criterion)
    summed.reduction = "sum"
    return summed(outputs, targets)  # type: ignore[no-any-return]
