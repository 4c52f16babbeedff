"""Match targets to outputs, or refuse: a silent broadcast trains the wrong thing."""

import torch
from torch import Tensor, nn

from stride.errors import DataError

POINTWISE = (
    nn.MSELoss,
    nn.L1Loss,
    nn.SmoothL1Loss,
    nn.HuberLoss,
    nn.BCELoss,
    nn.BCEWithLogitsLoss,
    nn.PoissonNLLLoss,
    nn.SoftMarginLoss,
    nn.MultiLabelSoftMarginLoss,
    nn.HingeEmbeddingLoss,
    nn.KLDivLoss,
)
LABEL_LOGITS = (nn.BCEWithLogitsLoss, nn.MultiLabelSoftMarginLoss)  # one logit for each label
CLASSES = (nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss)


def match_shape(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return targets in the shape and floating type of outputs.

    Only dimensions of length one may differ, as (N,) and (N, 1) do: torch would broadcast these
    two to (N, N) and train every output on every target.

    Raises:
        DataError: when the shapes differ in more than that.
    """
    if targets.shape != outputs.shape:
        targets = _reshape(outputs, targets)
    if targets.dtype is not outputs.dtype:
        # Outputs of half precision are compared in float32, as autocast does it.
        targets = targets.to(torch.promote_types(outputs.dtype, torch.float32))
    return targets


def _reshape(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return targets as outputs' shape where they differ by dimensions of length one only."""
    wanted, given = outputs.shape, targets.shape
    same_batch = bool(wanted) and bool(given) and wanted[0] == given[0]
    if same_batch and [n for n in wanted[1:] if n != 1] == [n for n in given[1:] if n != 1]:
        return targets.reshape(wanted)
    raise DataError(
        f"outputs of shape {format_shape(wanted)} do not fit targets of shape "
        f"{format_shape(given)}",
        hint="for class numbers use criterion_kwargs.criterion_name=CrossEntropyLoss; "
        "else set the model's output size to the targets'",
    )


def class_indices(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return class targets as int64 of shape (N, ...); floating targets are class probabilities.

    Raises:
        DataError: when the shape is not that of outputs (N, C, ...) without C.
    """
    if targets.dtype is torch.int64 and targets.dim() == outputs.dim() - 1:
        return targets
    if targets.is_floating_point():
        return _probabilities(outputs, targets)
    if targets.ndim == outputs.ndim and targets.shape[1] == 1:
        targets = targets.squeeze(1)
    if targets.ndim != outputs.ndim - 1:
        raise _misfit(outputs, targets)
    return targets.long()


def _probabilities(outputs: Tensor, targets: Tensor) -> Tensor:
    if targets.shape != outputs.shape:
        raise _misfit(outputs, targets)
    return targets.to(torch.promote_types(outputs.dtype, torch.float32))


def _misfit(outputs: Tensor, targets: Tensor) -> DataError:
    kind = "numbers" if targets.is_floating_point() else "classes"
    return DataError(
        f"targets of shape {format_shape(targets.shape)} ({kind}, {targets.dtype}) are not class "
        f"indices for outputs of shape {format_shape(outputs.shape)}",
        hint="for numbers use criterion_kwargs.criterion_name=MSELoss; "
        "class outputs have the shape (N, classes, ...)",
    )


def format_shape(shape: torch.Size) -> str:
    """Return a shape with N for the batch: "(N, 10)"."""
    rest = "".join(f", {n}" for n in shape[1:]) if len(shape) else ""
    return f"(N{rest or ','})"
