"""Average several networks' outputs, by what their criterion takes them for."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from stride.active.pool.outputs import stack_members
from stride.models.losses import LABELS
from stride.models.targets import LABEL_LOGITS


def mean_outputs(members: Sequence[Tensor]) -> Tensor:
    """Return the mean of the members' numbers, or of their probabilities."""
    return stack_members(members).mean(0)


def mean_classes(members: Sequence[Tensor]) -> Tensor:
    """Return logits whose softmax is the mean of the members' softmax: the logarithm of that."""
    logits = _wide(stack_members(members))
    return logits.log_softmax(2).logsumexp(0) - math.log(len(logits))


def mean_labels(members: Sequence[Tensor]) -> Tensor:
    """Return logits whose sigmoid is the mean of the members' sigmoid."""
    logits = _wide(stack_members(members))
    of_one, of_zero = (nn.functional.logsigmoid(some).logsumexp(0) for some in (logits, -logits))
    return of_one - of_zero


# The place of each is written into weights: new ones come at the end.
MEANS = (mean_outputs, mean_classes, mean_labels)


def mean_for(criterion: nn.Module) -> int:
    """Return the place in MEANS of what suits outputs that are trained by this criterion.

    Those of a criterion that is not torch's are averaged as they are: of logits too this is a
    mean, the geometric one of the probabilities.
    """
    if isinstance(criterion, LABELS):
        return MEANS.index(mean_classes)
    if isinstance(criterion, LABEL_LOGITS):
        return MEANS.index(mean_labels)
    return MEANS.index(mean_outputs)


def _wide(logits: Tensor) -> Tensor:
    return logits.to(torch.promote_types(logits.dtype, torch.float32))
